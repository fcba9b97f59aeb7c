//! A dialog over the page: title, close button, content. Escape closes it, as the browser does.

use crate::ui::browser::call;
use crate::ui::dom::{El, afterwards, button, el};
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::signal::RwSignal;
use web_sys::HtmlDialogElement;

/// A dialog that is shown while `open`; its content is made when it opens.
pub fn sheet(
    ui: Ui,
    (name, title): (&'static str, &'static str),
    open: RwSignal<bool>,
    content: impl Fn() -> El + 'static,
) -> El {
    let dialog = el("dialog", "help").attr("data-testid", name);
    let element = dialog.clone().node::<HtmlDialogElement>();
    afterwards(move || {
        let shown = element.has_attribute("open");
        if open.get() != shown {
            call(&element, if shown { "close" } else { "showModal" }, &[]);
        }
    });
    let close = button("button icon-button", move || open.set(false))
        .add(icon(Icon::Close))
        .add(el("span", "visually-hidden").word(ui, "help-close"));
    let heading = el("h2", "").attr("id", title).word(ui, title);
    dialog
        .attr("aria-labelledby", title)
        .on("close", move |_| open.set(false))
        .add(el("div", "help-head").add(heading).add(close))
        .when(move || open.get(), content)
}
