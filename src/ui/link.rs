//! The address of the page: it holds language, scenario, seed and moment, so that a link shares a moment.
//!
//! `/{lang}/sandbox?scenario=three-ships&seed=42&nodes=3&speed=auto&t=12340&sel=pods/default/web-x&theme=dark&motion=reduced
//! &truth=actual&panel=sched&colour=pool&meta=both&find=app%3Dweb&deck=node-1&cam=800,500,2` and `/{lang}/gallery`, `/{lang}/fidelity`, `/{lang}/embed/{scenario}`. What cannot be understood is left out and becomes a [`Notice`].

use super::panels::InspectorTab;
use super::select::Selection;
use super::session::is_scenario;
use super::sight::Cam;
use crate::i18n::{Arg, Language};
use crate::scene::colours::Colours;
use crate::scene::pace::Speed;
use crate::scene::theme::Theme;
use crate::scene::{Dial, Truth};
use crate::sim::Time;
use std::fmt::Write;

/// The pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    /// The harbour to play with.
    Sandbox,
    /// Every sprite, status and motion side by side.
    Gallery,
    /// What is as in a real cluster, and what is not.
    Fidelity,
    /// The harbour alone, within a frame of another page.
    Embed,
}

impl Page {
    /// Its name in the path.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Gallery => "gallery",
            Self::Fidelity => "fidelity",
            Self::Embed => "embed",
        }
    }
}

/// A sentence that the interface owes the person: a key of the catalogue and its arguments.
#[derive(Clone, PartialEq, Debug)]
pub struct Notice {
    /// Key.
    pub key: &'static str,
    /// Arguments.
    pub args: Vec<(&'static str, Arg)>,
}

impl Notice {
    /// A sentence with arguments.
    #[must_use]
    pub fn new(key: &'static str, args: &[(&'static str, Arg)]) -> Self {
        Self { key, args: args.to_vec() }
    }
}

/// What an address says.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// The language, if the path names one.
    pub language: Option<Language>,
    /// The page.
    pub page: Page,
    /// Name of the scenario.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// So many cargo ships instead of the scenario's own.
    pub nodes: Option<usize>,
    /// How fast time passes.
    pub speed: Speed,
    /// The moment to begin at, standing still.
    pub t: Option<Time>,
    /// What is selected.
    pub selected: Option<Selection>,
    /// The tab of the inspector.
    pub panel: InspectorTab,
    /// The theme.
    pub theme: Option<Theme>,
    /// Whether motion is reduced.
    pub reduced: Option<bool>,
    /// Which of the two truths is shown.
    pub truth: Truth,
    /// What colours stand for.
    pub colours: Colours,
    /// Whose words label the harbour.
    pub dial: Dial,
    /// What is searched for.
    pub search: String,
    /// The node whose deck is shown.
    pub deck: Option<String>,
    /// Where the camera is.
    pub camera: Option<Cam>,
    /// Whether an embedded harbour has its controls.
    pub controls: bool,
    /// Moments that are marked, in order.
    pub marks: Vec<Time>,
    /// The packed run; may be empty.
    pub payload: String,
    /// What could not be understood.
    pub notices: Vec<Notice>,
}

/// Without a word about it: this scenario and this seed.
const SCENARIO: &str = "three-ships";
const SEED: u64 = 42;
/// More ships than this make no picture.
const MOST_NODES: usize = 5000;
/// A link may begin at most so late: running there takes time.
const LATEST: Time = Time::from_secs(24 * 3600);

impl Default for Link {
    fn default() -> Self {
        Self {
            language: None,
            page: Page::Sandbox,
            scenario: SCENARIO.to_owned(),
            seed: SEED,
            nodes: None,
            speed: Speed::Adaptive,
            t: None,
            selected: None,
            panel: InspectorTab::Overview,
            theme: None,
            reduced: None,
            truth: Truth::Believed,
            colours: Colours::default(),
            dial: Dial::default(),
            search: String::new(),
            deck: None,
            camera: None,
            controls: true,
            marks: Vec::new(),
            payload: String::new(),
            notices: Vec::new(),
        }
    }
}

impl Link {
    /// Reads a path (below the site's own) and the query's keys.
    #[must_use]
    pub fn read(path: &str, query: impl Fn(&str) -> Option<String>) -> Self {
        let mut link = Self::default();
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let first = parts.next();
        link.language = first.and_then(|tag| Language::ALL.into_iter().find(|language| language.tag() == tag));
        let page = if link.language.is_some() { parts.next() } else { first };
        match page {
            None | Some("sandbox" | "index.html" | "404.html") => {}
            Some("gallery") => link.page = Page::Gallery,
            Some("fidelity") => link.page = Page::Fidelity,
            Some("embed") => {
                link.page = Page::Embed;
                if let Some(scenario) = parts.next()
                    && link.set("scenario", scenario).is_none()
                {
                    let args = [("key", "scenario".into()), ("value", scenario.into())];
                    link.notices.push(Notice::new("notice-bad-key", &args));
                }
            }
            Some(other) => link.notices.push(Notice::new("notice-no-page", &[("page", other.into())])),
        }
        for key in KEYS {
            if let Some(value) = query(key).filter(|value| !value.is_empty())
                && link.set(key, &value).is_none()
            {
                link.notices.push(Notice::new("notice-bad-key", &[("key", (*key).into()), ("value", value.into())]));
            }
        }
        link
    }

    /// Takes the run that stands behind the address.
    pub fn hold(&mut self, fragment: &str) {
        let Some(packed) = fragment.strip_prefix("#w=") else { return };
        if packed.len() > LONGEST_RUN {
            self.notices.push(Notice::new("notice-long-run", &[]));
        } else {
            packed.clone_into(&mut self.payload);
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "scenario" => self.scenario = is_scenario(value).then(|| value.to_owned())?,
            "seed" => self.seed = value.parse().ok()?,
            "nodes" => self.nodes = Some(value.parse().ok().filter(|n| (1..=MOST_NODES).contains(n))?),
            "speed" => self.speed = read_speed(value)?,
            "t" => self.t = Some(read_millis(value).filter(|t| (Time::ZERO..=LATEST).contains(t))?),
            "sel" => self.selected = Some(Selection::read(value)?),
            "panel" => self.panel = InspectorTab::read(value)?,
            "theme" => self.theme = Some(read_theme(value)?),
            "motion" => self.reduced = Some(["full", "reduced"].iter().position(|word| *word == value)? == 1),
            "colour" => self.colours = named(&Colours::ALL, value)?,
            "meta" => self.dial = named(&Dial::ALL, value)?,
            "find" => self.search = (value.chars().count() <= LONGEST_SEARCH).then(|| value.to_owned())?,
            "deck" => self.deck = Some(Selection::read(&format!("nodes/{value}")).map(|_| value.to_owned())?),
            "cam" => self.camera = Some(read_camera(value)?),
            "controls" => self.controls = ["none", "min"].iter().position(|word| *word == value)? == 1,
            "marks" => self.marks = read_marks(value)?,
            "truth" if value == "cp" => self.truth = Truth::Believed,
            "truth" if value == "actual" => self.truth = Truth::Actual,
            _ => return None,
        }
        Some(())
    }

    /// The address below the site's own path, with the things that a link should keep.
    #[must_use]
    pub fn write(&self, language: Language) -> String {
        let mut address = format!("{}/{}", language.tag(), self.page.name());
        match self.page {
            Page::Sandbox => drop(write!(address, "?scenario={}&seed={}", self.scenario, self.seed)),
            Page::Embed => drop(write!(address, "/{}?seed={}", self.scenario, self.seed)),
            _ => return address,
        }
        if !self.controls {
            address += "&controls=none";
        }
        if let Some(nodes) = self.nodes {
            let _ = write!(address, "&nodes={nodes}");
        }
        if let Speed::Times(times) = self.speed {
            let _ = write!(address, "&speed={times}");
        }
        if let Some(t) = self.t {
            let _ = write!(address, "&t={}", millis(t));
        }
        if let Some(selected) = &self.selected {
            let _ = write!(address, "&sel={}", selected.write());
            if self.panel != InspectorTab::Overview {
                let _ = write!(address, "&panel={}", self.panel.name());
            }
        }
        if let Some(theme) = self.theme {
            let _ = write!(address, "&theme={}", theme_name(theme));
        }
        if let Some(reduced) = self.reduced {
            address += if reduced { "&motion=reduced" } else { "&motion=full" };
        }
        if self.truth == Truth::Actual {
            address += "&truth=actual";
        }
        if self.colours != Colours::default() {
            let _ = write!(address, "&colour={}", self.colours.name());
        }
        if let Some((name, _)) = Dial::ALL.iter().find(|(_, dial)| *dial == self.dial && self.dial != Dial::default()) {
            let _ = write!(address, "&meta={name}");
        }
        if !self.search.is_empty() {
            let _ = write!(address, "&find={}", encoded(&self.search));
        }
        if let Some(deck) = &self.deck {
            let _ = write!(address, "&deck={deck}");
        }
        if let Some((x, y, zoom)) = self.camera {
            let _ = write!(address, "&cam={x:.0},{y:.0},{zoom:.2}");
        }
        for (number, mark) in self.marks.iter().enumerate() {
            address += if number == 0 { "&marks=" } else { "," };
            address += &millis(*mark);
        }
        if !self.payload.is_empty() {
            let _ = write!(address, "#w={}", self.payload);
        }
        address
    }
}

const KEYS: &[&str] = &[
    "scenario", "seed", "nodes", "speed", "t", "sel", "panel", "theme", "motion", "truth", "colour", "meta", "find",
    "deck", "cam", "marks", "controls",
];

/// A packed run in a link is at most so long.
const LONGEST_RUN: usize = 64 * 1024;
/// A search in a link is at most so long.
const LONGEST_SEARCH: usize = 200;

/// What has a name.
fn named<T: Copy>(all: &[(&'static str, T)], name: &str) -> Option<T> {
    all.iter().find(|(known, _)| *known == name).map(|(_, one)| *one)
}

fn read_camera(value: &str) -> Option<Cam> {
    let mut numbers = value.split(',').map(|number| number.parse::<f64>().ok().filter(|number| number.is_finite()));
    let (x, y, zoom) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let fits = (-2000.0..=5000.0).contains(&x) && (-2000.0..=5000.0).contains(&y) && (0.1..=2000.0).contains(&zoom);
    (fits && numbers.next().is_none()).then_some((x, y, zoom))
}

/// A text as a part of a query.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The speeds that can be chosen, beside the adaptive one.
pub const SPEEDS: [f64; 5] = [0.1, 1.0, 10.0, 100.0, 1000.0];

fn read_speed(value: &str) -> Option<Speed> {
    if value == "auto" {
        return Some(Speed::Adaptive);
    }
    let times: f64 = value.parse().ok()?;
    (0.1..=1000.0).contains(&times).then_some(Speed::Times(times))
}

/// Much happens within a millisecond: the moment is exact.
fn millis(t: Time) -> String {
    let micros = t.as_micros();
    if micros % 1000 > 0 { format!("{}.{:03}", micros / 1000, micros % 1000) } else { (micros / 1000).to_string() }
}

/// So many moments can be marked in an address.
const MOST_MARKS: usize = 50;

fn read_marks(value: &str) -> Option<Vec<Time>> {
    let marks: Option<Vec<Time>> = value.split(',').map(read_millis).collect();
    marks.filter(|marks| marks.len() <= MOST_MARKS && marks.is_sorted_by(|a, b| a < b))
}

fn read_millis(value: &str) -> Option<Time> {
    let millis: f64 = value.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "the limits are checked")]
    (0.0..1e12).contains(&millis).then(|| Time::from_micros((millis * 1000.0).round() as i64))
}

/// The theme of a name.
#[must_use]
pub fn read_theme(name: &str) -> Option<Theme> {
    [Theme::Light, Theme::Dark].into_iter().find(|theme| theme_name(*theme) == name)
}

/// The name of a theme, as in the page's `data-theme`.
#[must_use]
pub const fn theme_name(theme: Theme) -> &'static str {
    match theme {
        Theme::Light => "light",
        Theme::Dark | Theme::Forced => "dark",
    }
}
