//! Icons: drawn as inline SVG on a grid of 20 × 20, in the colour of the text beside them.

use super::dom::{El, drawing};

/// What there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Icon {
    /// The product's sign.
    Anchor,
    /// Time passes.
    Play,
    /// Time stands still.
    Pause,
    /// One beat forward.
    Forward,
    /// One beat back.
    Back,
    /// To the start.
    Start,
    /// To the end.
    End,
    /// Quiet time is skipped.
    Skip,
    /// Nearer.
    Plus,
    /// Further.
    Minus,
    /// The whole harbour.
    Whole,
    /// The dark theme.
    Moon,
    /// The light theme.
    Sun,
    /// Help.
    Help,
    /// Closes something.
    Close,
    /// Opens files.
    Open,
    /// It went well.
    Tick,
    /// It was refused.
    Refused,
    /// Sliders.
    Settings,
    /// A warning.
    Alert,
    /// Something opens below.
    Down,
    /// Something is closed.
    Right,
    /// Sharing and keeping.
    Share,
    /// Search, and how the picture is looked at.
    Search,
}

impl Icon {
    /// What is stroked.
    const fn path(self) -> &'static str {
        match self {
            Self::Anchor => {
                "M10 6.2V17M6 9.5h8M3.2 11.5c.4 3.4 3 5.5 6.8 5.5s6.4-2.1 6.8-5.5M10 6.2a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"
            }
            Self::Play => "M6.5 4v12l9-6z",
            Self::Pause => "M6.5 4v12M13.5 4v12",
            Self::Forward => "M5 4.5v11l7.5-5.5zM15.5 4v12",
            Self::Back => "M15 4.5v11L7.5 10zM4.5 4v12",
            Self::Start => "M16 4.5v11L9.5 10zM9.5 4.5v11L3.5 10zM2.5 4v12",
            Self::End => "M4 4.5v11l6.5-5.5zM10.5 4.5v11l6-5.5zM17.5 4v12",
            Self::Skip => "M3 4.5v11l6.5-5.5zM10 4.5v11l6.5-5.5z",
            Self::Plus => "M10 4v12M4 10h12",
            Self::Minus => "M4 10h12",
            Self::Whole => "M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4",
            Self::Moon => "M16 11.8A6.6 6.6 0 0 1 8.2 4a6.6 6.6 0 1 0 7.8 7.8z",
            Self::Sun => {
                "M10 6.4a3.6 3.6 0 1 0 0 7.2 3.6 3.6 0 0 0 0-7.2zM10 1.8v1.8M10 16.4v1.8M1.8 10h1.8M16.4 10h1.8M4.2 4.2l1.3 1.3M14.5 14.5l1.3 1.3M4.2 15.8l1.3-1.3M14.5 5.5l1.3-1.3"
            }
            Self::Help => "M7.4 7.6a2.6 2.6 0 1 1 3.9 2.2c-.9.5-1.3 1-1.3 2M10 14.6v.2",
            Self::Close => "M5 5l10 10M15 5L5 15",
            Self::Open => "M2.8 15.5v-11h5l1.7 2h7.7v2.3M2.8 15.5l2.4-6.7h13l-2.4 6.7z",
            Self::Tick => "M4 10.5l4 4 8-9",
            Self::Settings => "M3 6h8M15 6h2M13 4v4M3 14h3M10 14h7M8 12v4",
            Self::Alert => "M10 3L18 17H2zM10 8v4.500M10 14.500v.2",
            Self::Refused => "M7 2.5h6L17.5 7v6L13 17.5H7L2.5 13V7zM7 7l6 6M13 7l-6 6",
            Self::Down => "M5 7.5l5 5 5-5",
            Self::Right => "M7.5 5l5 5-5 5",
            Self::Share => "M10 12.5V3M6.5 6.2L10 2.800l3.500 3.400M6 9H4v8.500h12V9h-2",
            Self::Search => "M8.8 3a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8.8 3zM13 13l4.500 4.500",
        }
    }

    /// Whether its inside is filled.
    const fn is_solid(self) -> bool {
        matches!(self, Self::Play | Self::Forward | Self::Back | Self::Start | Self::End | Self::Skip)
    }
}

/// An icon; what it means is said by the text beside it.
#[must_use]
pub fn icon(icon: Icon) -> El {
    let fill = if icon.is_solid() { "currentColor" } else { "none" };
    drawing("icon", "20", icon.path(), fill, "1.7").attr("aria-hidden", "true").attr("focusable", "false")
}
