//! Paints a display list on a canvas: one `match` over a closed set of forms. It knows nothing of what it paints.

use crate::scene::display::{Anchor, DisplayList, Fill, Form, Item, Line, Look, Seg, Shape, Words};
use crate::scene::theme::Theme;
use wasm_bindgen::JsValue;
use web_sys::CanvasRenderingContext2d as Canvas;

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
    for item in &list.items {
        paint_item(canvas, item, theme);
    }
    canvas.set_global_alpha(1.0);
}

fn paint_item(canvas: &Canvas, item: &Item, theme: Theme) {
    for shape in &item.shapes {
        canvas.set_global_alpha(item.opacity * shape.look.opacity);
        paint_shape(canvas, shape, theme);
    }
}

fn paint_shape(canvas: &Canvas, shape: &Shape, theme: Theme) {
    if let Form::Text(at, words) = &shape.form {
        paint_text(canvas, *at, words, &shape.look, theme);
        return;
    }
    canvas.begin_path();
    trace(canvas, &shape.form);
    if let Some(fill) = &shape.look.fill {
        set_fill(canvas, fill, theme);
        canvas.fill();
    }
    if let Some(line) = &shape.look.line {
        set_line(canvas, line, theme);
        canvas.stroke();
    }
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
        Form::Text(..) => {}
    }
}

fn set_fill(canvas: &Canvas, fill: &Fill, theme: Theme) {
    match fill {
        Fill::Plain(token) => canvas.set_fill_style_str(token.hex(theme)),
        Fill::Vertical { colours, y } => {
            let gradient = canvas.create_linear_gradient(0.0, y.0, 0.0, y.1);
            let _ = gradient.add_color_stop(0.0, colours.0.hex(theme));
            let _ = gradient.add_color_stop(1.0, colours.1.hex(theme));
            canvas.set_fill_style_canvas_gradient(&gradient);
        }
    }
}

fn set_line(canvas: &Canvas, line: &Line, theme: Theme) {
    canvas.set_stroke_style_str(line.token.hex(theme));
    canvas.set_line_width(line.width);
    let dash = js_sys::Array::new();
    if let Some((on, off)) = line.dash {
        dash.push(&JsValue::from_f64(on));
        dash.push(&JsValue::from_f64(off));
    }
    let _ = canvas.set_line_dash(&dash);
}

fn paint_text(canvas: &Canvas, (x, y): (f64, f64), words: &Words, look: &Look, theme: Theme) {
    let family = if words.code { CODE } else { PROSE };
    canvas.set_font(&format!("{} {}px {family}", words.weight, words.size));
    canvas.set_text_align(match words.anchor {
        Anchor::Start => "left",
        Anchor::Middle => "center",
        Anchor::End => "right",
    });
    if let Some(line) = &look.line {
        set_line(canvas, line, theme);
        let _ = canvas.stroke_text(&words.text, x, y);
    }
    if let Some(fill) = &look.fill {
        set_fill(canvas, fill, theme);
        let _ = canvas.fill_text(&words.text, x, y);
    }
}
