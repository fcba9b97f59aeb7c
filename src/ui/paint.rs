//! Paints a display list on a canvas: one `match` over a closed set of forms. It knows nothing of what it paints.
//!
//! A call of the browser costs more than a comparison, so [`Brush`] remembers what is set and sets only what differs.

use crate::scene::display::{Anchor, Area, DisplayList, Fill, Form, Line, Look, Seg, Shape, Words};
use crate::scene::raster::{Raster, read};
use crate::scene::theme::{Theme, Token};
use leptos::prelude::document;
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::CanvasRenderingContext2d as Canvas;
use web_sys::{HtmlCanvasElement, ImageData};

const PROSE: &str = "Pretendard, \"Pretendard Rest\", \"Apple SD Gothic Neo\", \"Malgun Gothic\", \"Noto Sans KR\", system-ui, sans-serif";
const CODE: &str = "\"JetBrains Mono\", D2Coding, ui-monospace, monospace";

/// Paints the whole list; `ratio` is device pixels per CSS pixel.
pub fn paint(canvas: &Canvas, list: &DisplayList, theme: Theme, ratio: f64) {
    if canvas.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).is_err() {
        return;
    }
    canvas.clear_rect(0.0, 0.0, list.width, list.height);
    canvas.set_line_cap("round");
    canvas.set_line_join("round");
    let mut brush = Brush::new(canvas, theme);
    for item in &list.items {
        for shape in &item.shapes {
            brush.opacity(item.opacity * shape.look.opacity);
            brush.shape(shape);
        }
    }
    brush.opacity(1.0);
}

/// A list as an address of its pixels; nothing where the browser has no canvas so large.
#[must_use]
pub fn png(list: &DisplayList, theme: Theme, ratio: u32) -> Option<String> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
    let [width, height] = [list.width, list.height].map(|css| (css * f64::from(ratio)).round() as u32);
    let (sheet, context) = sheet(width, height)?;
    paint(&context, list, theme, f64::from(ratio));
    // A canvas that is too large for a browser has an empty address.
    sheet.to_data_url().ok().filter(|url| url.starts_with("data:image/png"))
}

/// A canvas beside the page.
fn sheet(width: u32, height: u32) -> Option<(HtmlCanvasElement, Canvas)> {
    let sheet: HtmlCanvasElement = document().create_element("canvas").ok()?.unchecked_into();
    sheet.set_width(width);
    sheet.set_height(height);
    let context: Canvas = sheet.get_context("2d").ok()??.unchecked_into();
    Some((sheet, context))
}

/// A canvas and what is set on it.
struct Brush<'a> {
    canvas: &'a Canvas,
    theme: Theme,
    opacity: Option<f64>,
    fill: Option<Token>,
    line: Option<Line>,
    font: Option<(u16, f64, bool)>,
    anchor: Option<Anchor>,
}

impl<'a> Brush<'a> {
    fn new(canvas: &'a Canvas, theme: Theme) -> Self {
        Self { canvas, theme, opacity: None, fill: None, line: None, font: None, anchor: None }
    }

    fn opacity(&mut self, opacity: f64) {
        if self.opacity != Some(opacity) {
            self.opacity = Some(opacity);
            self.canvas.set_global_alpha(opacity);
        }
    }

    fn shape(&mut self, shape: &Shape) {
        match &shape.form {
            Form::Text(at, words) => return self.text(*at, words, &shape.look),
            Form::Pixels(area, raster) => {
                let _ = pixels(self.canvas, area, raster, self.theme);
                return;
            }
            _ => {}
        }
        self.canvas.begin_path();
        trace(self.canvas, &shape.form);
        if let Some(fill) = &shape.look.fill {
            self.fill(fill);
            self.canvas.fill();
        }
        let line = shape.look.line.or_else(|| self.outline(&shape.look));
        if let Some(line) = &line {
            self.line(line);
            self.canvas.stroke();
        }
    }

    /// What has lost its fill to forced colours has an outline instead.
    fn outline(&self, look: &Look) -> Option<Line> {
        let bare = self.theme == Theme::Forced
            && matches!(look.fill, Some(Fill::Plain(token) | Fill::Vertical { colours: (token, _), .. }) if token.is_body());
        bare.then_some(Line { token: Token::Ink, width: 1.5, dash: None })
    }

    fn fill(&mut self, fill: &Fill) {
        match fill {
            Fill::Plain(token) => {
                if self.fill != Some(*token) {
                    self.fill = Some(*token);
                    self.canvas.set_fill_style_str(token.hex(self.theme));
                }
            }
            // A gradient would not know the system's colours.
            Fill::Vertical { colours, .. } if self.theme == Theme::Forced => self.fill(&Fill::Plain(colours.0)),
            Fill::Vertical { colours, y } => {
                self.fill = None;
                let gradient = self.canvas.create_linear_gradient(0.0, y.0, 0.0, y.1);
                let _ = gradient.add_color_stop(0.0, colours.0.hex(self.theme));
                let _ = gradient.add_color_stop(1.0, colours.1.hex(self.theme));
                self.canvas.set_fill_style_canvas_gradient(&gradient);
            }
        }
    }

    fn line(&mut self, line: &Line) {
        let before = self.line.replace(*line);
        if before.is_none_or(|before| before.token != line.token) {
            self.canvas.set_stroke_style_str(line.token.hex(self.theme));
        }
        if before.is_none_or(|before| before.width.to_bits() != line.width.to_bits()) {
            self.canvas.set_line_width(line.width);
        }
        if before.is_none_or(|before| before.dash != line.dash) {
            let dash = js_sys::Array::new();
            if let Some((on, off)) = line.dash {
                dash.push(&JsValue::from_f64(on));
                dash.push(&JsValue::from_f64(off));
            }
            let _ = self.canvas.set_line_dash(&dash);
        }
    }

    fn text(&mut self, (x, y): (f64, f64), words: &Words, look: &Look) {
        let font = (words.weight, words.size, words.code);
        if self.font != Some(font) {
            self.font = Some(font);
            let family = if words.code { CODE } else { PROSE };
            self.canvas.set_font(&format!("{} {}px {family}", words.weight, words.size));
        }
        if self.anchor != Some(words.anchor) {
            self.anchor = Some(words.anchor);
            self.canvas.set_text_align(match words.anchor {
                Anchor::Start => "left",
                Anchor::Middle => "center",
                Anchor::End => "right",
            });
        }
        if let Some(line) = &look.line {
            self.line(line);
            let _ = self.canvas.stroke_text(&words.text, x, y);
        }
        if let Some(fill) = &look.fill {
            self.fill(fill);
            let _ = self.canvas.fill_text(&words.text, x, y);
        }
    }
}

/// Paints pixels: they are put on a canvas of their own, and that on this one, so that what is below shows between.
fn pixels(canvas: &Canvas, area: &Area, raster: &Raster, theme: Theme) -> Option<()> {
    let mut colours = [[0; 4]; 256];
    for (cell, colour) in (0..=255).zip(&mut colours) {
        if let Some((token, faint)) = read(cell) {
            // What has no outline, as pixels have none, would be lost without its fill.
            let lost = theme == Theme::Forced && token.is_body() && !matches!(token, Token::Deck | Token::Unknown);
            let token = if lost { Token::Ink } else { token };
            let value = u32::from_str_radix(&known(canvas, token.hex(theme))[1..], 16).unwrap_or(0);
            let [_, r, g, b] = value.to_be_bytes();
            *colour = [r, g, b, if faint { 64 } else { 255 }];
        }
    }
    let bytes: Vec<u8> = raster.cells.iter().flat_map(|cell| colours[usize::from(*cell)]).collect();
    let (width, height) = (u32::try_from(raster.width).ok()?, u32::try_from(raster.height).ok()?);
    let data = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&bytes), width, height).ok()?;
    let (sheet, context) = sheet(width, height)?;
    context.put_image_data(&data, 0.0, 0.0).ok()?;
    canvas.draw_image_with_html_canvas_element_and_dw_and_dh(&sheet, area.x, area.y, area.w, area.h).ok()
}

/// A colour as `#rrggbb`: the canvas knows what the system's colours are.
fn known(canvas: &Canvas, colour: &str) -> String {
    if colour.starts_with('#') {
        return colour.to_owned();
    }
    canvas.set_fill_style_str(colour);
    canvas.fill_style().as_string().filter(|value| value.len() == 7).unwrap_or_else(|| "#808080".to_owned())
}

/// Lays the outline of a form. Radii are never negative by construction; the calls cannot fail otherwise.
fn trace(canvas: &Canvas, form: &Form) {
    let turn = std::f64::consts::TAU;
    match form {
        Form::Rect(area, radius) if *radius > 0.0 => {
            let _ = canvas.round_rect_with_f64(area.x, area.y, area.w, area.h, *radius);
        }
        Form::Rect(area, _) => canvas.rect(area.x, area.y, area.w, area.h),
        Form::Circle((x, y), radius) => {
            let _ = canvas.arc(*x, *y, radius.max(0.0), 0.0, turn);
        }
        Form::Ellipse((x, y), (rx, ry)) => {
            let _ = canvas.ellipse(*x, *y, rx.max(0.0), ry.max(0.0), 0.0, 0.0, turn);
        }
        Form::Path(segments) => {
            for segment in segments {
                match *segment {
                    Seg::Move((x, y)) => canvas.move_to(x, y),
                    Seg::To((x, y)) => canvas.line_to(x, y),
                    Seg::Quad((cx, cy), (x, y)) => canvas.quadratic_curve_to(cx, cy, x, y),
                    Seg::Cubic((ax, ay), (bx, by), (x, y)) => canvas.bezier_curve_to(ax, ay, bx, by, x, y),
                    Seg::Close => canvas.close_path(),
                }
            }
        }
        Form::Pixels(..) | Form::Text(..) => {}
    }
}
