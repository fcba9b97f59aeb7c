//! The colours of the harbour, for the light and the dark theme; each is named once. The page's style sheet has the
//! same names as variables (`--sea-top`), and a test compares the two. Contrasts and the distances between colours
//! under three kinds of colour blindness are recomputed by tests.

/// A set of colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Theme {
    /// Dark ink on light ground.
    #[default]
    Light,
    /// Light ink on dark ground.
    Dark,
    /// The colours that the reader's system forces on every page: outlines, patterns and letters without fills.
    Forced,
}

macro_rules! tokens {
    ($($name:ident $css:literal $light:literal $dark:literal $doc:literal;)*) => {
        /// A colour by what it is for.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Token { $(#[doc = $doc] $name,)* }

        impl Token {
            /// All colours.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in the style sheet, without the dashes before it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $css,)* }
            }

            /// Its value as `#rrggbb`, or the name of one of the system's colours.
            #[must_use]
            pub const fn hex(self, theme: Theme) -> &'static str {
                match (self, theme) {
                    $((Self::$name, Theme::Light) => $light, (Self::$name, Theme::Dark) => $dark,)*
                    (_, Theme::Forced) => self.forced(),
                }
            }
        }
    };
}

tokens! {
    Bg "bg" "#f3f6fa" "#0b1420" "The page.";
    Surface "surface" "#ffffff" "#121e2d" "Panels and paper.";
    Surface2 "surface-2" "#e8eef4" "#1b2a3c" "Raised parts of panels.";
    Rule "line" "#c6d1dc" "#31445a" "Separators.";
    Control "control" "#74869a" "#7289a3" "Borders of controls.";
    Ink "ink" "#0f1b2d" "#e8eef5" "Text and outlines.";
    Ink2 "ink-2" "#44546a" "#a9b8c9" "Secondary text and outlines.";
    Accent "accent" "#0b5cad" "#7db8ff" "Links, selection, focus.";
    AccentInk "accent-ink" "#ffffff" "#0b1420" "Text on the accent.";
    Ok "ok" "#14713f" "#5bd18b" "Success.";
    Warn "warn" "#8a5200" "#f2b84b" "Waiting, warning.";
    Error "error" "#b3261e" "#ff8f86" "Failure, refusal.";
    Neutral "neutral" "#55606e" "#a9b8c9" "Neither.";
    FocusInner "focus-inner" "#ffffff" "#0b1420" "Inner ring of the focus.";
    SkyTop "sky-top" "#dceaf4" "#0a1526" "Sky, above.";
    SkyBottom "sky-bottom" "#f4f8fb" "#15273b" "Sky, at the horizon.";
    SeaTop "sea-top" "#b9d5e4" "#123247" "Sea, at the horizon; window panes.";
    SeaBottom "sea-bottom" "#8fb9d0" "#0c2334" "Sea, near.";
    Far "far" "#c4d4e0" "#1e3348" "The skyline.";
    Quay "quay" "#ded5c5" "#2b3138" "The quay.";
    QuayEdge "quay-edge" "#7c705c" "#8a8f96" "Its edge.";
    HullControl "hull-control" "#1f3a5f" "#6788b0" "The control ship's hull.";
    HullWorker "hull-worker" "#3a4f66" "#6f849c" "A cargo ship's hull.";
    OnHull "on-hull" "#ffffff" "#0b1420" "Text and gauges on a hull.";
    Deck "deck" "#f3eee4" "#22344a" "Decks and rooms.";
    Lane "lane" "#315a73" "#7fa9c4" "Lanes.";
    Halo "halo" "#f4f8fb" "#0b1420" "Around labels.";
    Glyph "glyph" "#ffffff" "#0b1420" "Signs on component colours.";
    Api "api" "#1987e4" "#7db1f2" "The API server.";
    Etcd "etcd" "#3c276a" "#846dda" "etcd.";
    Scheduler "scheduler" "#d86618" "#f1a825" "The scheduler.";
    Controllers "controllers" "#114600" "#3b8c52" "The controllers.";
    Kubelet "kubelet" "#21697a" "#9df3f9" "A kubelet.";
    Proxy "proxy" "#530829" "#bc618e" "kube-proxy, services.";
    Runtime "runtime" "#7f8981" "#adb0a9" "The container runtime.";
    Cloud "cloud" "#795c4b" "#f7f2c4" "Registry and cloud provider.";
    Fill0 "fill-0" "#74dcf9" "#74dcf9" "First workload.";
    Fill1 "fill-1" "#dba314" "#dba314" "Second workload.";
    Fill2 "fill-2" "#c1fbc5" "#c1fbc5" "Third workload.";
    Fill3 "fill-3" "#4a88ee" "#4a88ee" "Fourth workload.";
    Fill4 "fill-4" "#ab7ba2" "#ab7ba2" "Fifth workload.";
    Fill5 "fill-5" "#faf33b" "#faf33b" "Sixth workload.";
    Fill6 "fill-6" "#a7ada0" "#a7ada0" "Seventh workload.";
    Fill7 "fill-7" "#df6157" "#df6157" "Eighth workload.";
    Bare "bare" "#efe7d8" "#efe7d8" "A pod without a workload, in both themes.";
    CrateInk "crate-ink" "#0f1b2d" "#0f1b2d" "Outlines and signs on crates, in both themes.";
    CratePaper "crate-paper" "#ffffff" "#ffffff" "Bright parts on crates, in both themes.";
    CrateOk "crate-ok" "#14713f" "#14713f" "The ready sign on crates, in both themes.";
    CrateError "crate-error" "#b3261e" "#b3261e" "The failure sign on crates, in both themes.";
    Unknown "unknown" "#b8c0c8" "#8d98a5" "A crate of which nothing is known.";
    Screen "screen" "#0f1b2d" "#0f1b2d" "The hut's screen.";
    ScreenInk "screen-ink" "#7df0b0" "#7df0b0" "Text on it.";
    Glow "glow" "#ffe27a" "#ffe27a" "Lit windows and lamps.";
    Fog "fog" "#eef2f6" "#3a4a5c" "Fog over a ship that is not heard of.";
}

impl Token {
    /// Which of the system's colours it becomes: grounds and bodies the page's own, what tells something its text's.
    const fn forced(self) -> &'static str {
        match self {
            _ if self.is_body() || self.is_ground() => "Canvas",
            Self::Accent | Self::Glow => "Highlight",
            _ => "CanvasText",
        }
    }

    /// Whether it is what other things are drawn on.
    const fn is_ground(self) -> bool {
        matches!(self, Self::Bg | Self::Surface | Self::Surface2 | Self::Halo | Self::FocusInner | Self::AccentInk)
            || matches!(self, Self::SkyTop | Self::SkyBottom | Self::SeaTop | Self::SeaBottom | Self::Fog)
            || matches!(self, Self::Glyph | Self::CratePaper)
    }

    /// Whether it fills something that is told from its ground by its fill alone: without fills it needs an outline.
    #[must_use]
    pub const fn is_body(self) -> bool {
        matches!(
            self,
            Self::Far | Self::Quay | Self::HullControl | Self::HullWorker | Self::Deck | Self::Screen | Self::Unknown
        ) || matches!(self, Self::Fill0 | Self::Fill1 | Self::Fill2 | Self::Fill3 | Self::Bare)
            || matches!(self, Self::Fill4 | Self::Fill5 | Self::Fill6 | Self::Fill7)
    }
}

/// Workloads beyond the eighth begin again with the first colour, but with another pattern.
pub const FILLS: [Token; 8] =
    [Token::Fill0, Token::Fill1, Token::Fill2, Token::Fill3, Token::Fill4, Token::Fill5, Token::Fill6, Token::Fill7];

#[cfg(test)]
mod tests {
    use super::*;

    type Rgb = [f64; 3];

    fn linear(hex: &str) -> Rgb {
        let channel = |i: usize| {
            let c = f64::from(u8::from_str_radix(&hex[i..i + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        [channel(1), channel(3), channel(5)]
    }

    fn contrast(a: Token, b: Token, theme: Theme) -> f64 {
        let light = |t: Token| {
            let [r, g, b] = linear(t.hex(theme));
            0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
        };
        let (a, b) = (light(a), light(b));
        if a > b { a / b } else { b / a }
    }

    /// Machado, Oliveira, Fernandes 2009, severity 1.0: protanopia, deuteranopia, tritanopia; and nothing.
    const SIGHTS: [[Rgb; 3]; 4] = [
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    ];

    fn seen(rgb: Rgb, sight: &[Rgb; 3]) -> Rgb {
        sight.map(|row| (row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2]).clamp(0.0, 1.0))
    }

    #[expect(clippy::many_single_char_names, reason = "the names of the formula")]
    fn lab([r, g, b]: Rgb) -> Rgb {
        let x = (0.412_456 * r + 0.357_576 * g + 0.180_437 * b) / 0.950_47;
        let y = 0.212_673 * r + 0.715_152 * g + 0.072_175 * b;
        let z = (0.019_334 * r + 0.119_192 * g + 0.950_304 * b) / 1.088_83;
        let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        [116.0 * f(y) - 16.0, 500.0 * (f(x) - f(y)), 200.0 * (f(y) - f(z))]
    }

    /// CIEDE2000 (Sharma, Wu, Dalal 2005).
    #[expect(clippy::many_single_char_names, reason = "the names of the formula")]
    fn difference(one: Rgb, two: Rgb) -> f64 {
        let c = f64::midpoint(one[1].hypot(one[2]), two[1].hypot(two[2]));
        let g = 0.5 * (1.0 - (c.powi(7) / (c.powi(7) + 25f64.powi(7))).sqrt());
        let polar = |lab: Rgb| {
            let a = lab[1] * (1.0 + g);
            (a.hypot(lab[2]), lab[2].atan2(a).to_degrees().rem_euclid(360.0))
        };
        let ((c1, h1), (c2, h2)) = (polar(one), polar(two));
        let mut dh = h2 - h1;
        if dh > 180.0 {
            dh -= 360.0;
        } else if dh < -180.0 {
            dh += 360.0;
        }
        let big_h = 2.0 * (c1 * c2).sqrt() * (dh / 2.0).to_radians().sin();
        let hm = if (h1 - h2).abs() <= 180.0 {
            f64::midpoint(h1, h2)
        } else {
            (f64::midpoint(h1, h2) + 180.0).rem_euclid(360.0)
        };
        let (lm, cm) = (f64::midpoint(one[0], two[0]), f64::midpoint(c1, c2));
        let cos = |degrees: f64| degrees.to_radians().cos();
        let t = 1.0 - 0.17 * cos(hm - 30.0) + 0.24 * cos(2.0 * hm) + 0.32 * cos(3.0 * hm + 6.0)
            - 0.2 * cos(4.0 * hm - 63.0);
        let sl = 1.0 + 0.015 * (lm - 50.0).powi(2) / (20.0 + (lm - 50.0).powi(2)).sqrt();
        let (sc, sh) = (1.0 + 0.045 * cm, 1.0 + 0.015 * cm * t);
        let theta = 30.0 * (-((hm - 275.0) / 25.0).powi(2)).exp();
        let rt = -2.0 * (cm.powi(7) / (cm.powi(7) + 25f64.powi(7))).sqrt() * (2.0 * theta).to_radians().sin();
        let (l, c, h) = ((two[0] - one[0]) / sl, (c2 - c1) / sc, big_h / sh);
        (l * l + c * c + h * h + rt * c * h).sqrt()
    }

    fn worst(tokens: &[Token], theme: Theme, sights: &[[Rgb; 3]]) -> f64 {
        let mut least = f64::MAX;
        for (i, a) in tokens.iter().enumerate() {
            for b in &tokens[i + 1..] {
                for sight in sights {
                    let colour = |t: &Token| lab(seen(linear(t.hex(theme)), sight));
                    least = least.min(difference(colour(a), colour(b)));
                }
            }
        }
        least
    }

    const COMPONENTS: [Token; 8] = [
        Token::Api,
        Token::Etcd,
        Token::Scheduler,
        Token::Controllers,
        Token::Kubelet,
        Token::Proxy,
        Token::Runtime,
        Token::Cloud,
    ];

    #[test]
    fn the_difference_formula_gives_the_published_numbers() {
        // Pairs 1 and 17 of the test data of Sharma, Wu, Dalal.
        let one = difference([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485]);
        let two = difference([50.0, 2.5, 0.0], [73.0, 25.0, -18.0]);
        assert!((one - 2.0425).abs() < 1e-4 && (two - 27.1492).abs() < 1e-4, "{one} {two}");
    }

    #[test]
    fn text_can_be_read_and_meaning_can_be_seen() {
        use Token::*;
        for theme in [Theme::Light, Theme::Dark] {
            let grounds = [Surface, Surface2, Bg, Deck, Quay, SeaTop, SeaBottom, SkyTop, SkyBottom, Fog];
            let mut pairs: Vec<(Token, Token, f64)> = grounds.iter().map(|ground| (Ink, *ground, 4.5)).collect();
            pairs.extend([(Ink, Halo, 4.5), (Ink2, Surface, 4.5), (Ink2, Surface2, 4.5), (Ink2, SeaTop, 3.0)]);
            pairs.extend([(OnHull, HullControl, 4.5), (OnHull, HullWorker, 4.5), (AccentInk, Accent, 4.5)]);
            pairs.extend([(ScreenInk, Screen, 4.5), (Error, Halo, 4.5), (Warn, Halo, 4.5)]);
            pairs.extend([(HullControl, SeaTop, 3.0), (HullWorker, SeaBottom, 3.0), (HullControl, SeaBottom, 3.0)]);
            pairs.extend([(Lane, SeaTop, 3.0), (Lane, SeaBottom, 3.0), (QuayEdge, Quay, 3.0), (Control, Surface, 3.0)]);
            pairs.extend([(CrateOk, CratePaper, 4.5), (CrateError, CratePaper, 4.5), (CrateInk, Unknown, 4.5)]);
            pairs.extend(FILLS.map(|fill| (CrateInk, fill, 4.5)));
            pairs.push((CrateInk, Bare, 4.5));
            pairs.extend([Ok, Warn, Error, Neutral].into_iter().flat_map(|t| [(t, Surface, 4.5), (t, Surface2, 4.5)]));
            pairs.extend(COMPONENTS.into_iter().flat_map(|t| [(t, Deck, 3.0), (t, Surface, 3.0), (t, Glyph, 3.0)]));
            if theme == Theme::Dark {
                pairs.extend(FILLS.map(|fill| (fill, Deck, 3.0)));
            }
            for (a, b, least) in pairs {
                let ratio = contrast(a, b, theme);
                assert!(ratio >= least, "{theme:?}: {a:?} on {b:?} is {ratio:.2}, wants {least}");
            }
        }
    }

    #[test]
    fn with_forced_colours_all_that_is_read_stands_out() {
        use Token::*;
        let forced = |token: Token| token.hex(Theme::Forced);
        let pairs = [(Ink, Halo), (Ink, Deck), (OnHull, HullWorker), (OnHull, HullControl), (ScreenInk, Screen)];
        let signs = [(Glyph, Error), (CratePaper, CrateError), (CratePaper, CrateOk), (Lane, SeaTop), (Ink2, SkyTop)];
        let cargo = FILLS.map(|fill| (CrateInk, fill));
        let rooms = COMPONENTS.iter().flat_map(|one| [(*one, Deck), (*one, Glyph), (*one, SeaTop)]);
        for (a, b) in pairs.into_iter().chain(signs).chain(cargo).chain(rooms) {
            assert_ne!(forced(a), forced(b), "{a:?} on {b:?}");
        }
        for token in Token::ALL {
            assert!(["Canvas", "CanvasText", "Highlight"].contains(&forced(*token)), "{token:?}");
            assert!(!token.is_body() || forced(*token) == "Canvas", "{token:?} keeps its fill");
        }
    }

    #[test]
    fn colours_stay_apart_for_colour_blind_eyes() {
        for theme in [Theme::Light, Theme::Dark] {
            let least = worst(&COMPONENTS, theme, &SIGHTS[..3]);
            assert!(least >= 14.0, "{theme:?}: components {least:.1}");
        }
        let least = worst(&FILLS, Theme::Light, &SIGHTS[..3]);
        assert!(least >= 12.5, "workloads {least:.1}");
    }

    #[test]
    fn the_style_sheet_has_the_same_colours() {
        let css = include_str!("../../assets/styles/tokens.css");
        let mut shared = 0;
        for token in Token::ALL {
            let start = format!("--{}: light-dark(", token.name());
            let Some(values) = css.split(&start).nth(1).and_then(|rest| rest.split(')').next()) else { continue };
            assert_eq!(values, format!("{}, {}", token.hex(Theme::Light), token.hex(Theme::Dark)), "{token:?}");
            shared += 1;
        }
        assert!(shared >= 30, "only {shared} colours are in the style sheet");
    }
}
