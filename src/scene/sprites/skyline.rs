//! The far skyline: the cloud provider, which may offer machines, load balancers and disks.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite { kind: "skyline", extent: [1240.0, 186.0, 276.0, 140.0], sample: main };

/// Draws the skyline, at its place in the world.
pub fn draw(pen: &mut Pen) {
    main(pen);
    pen.path("M60 262h90v58h-90zM160 234h52v86h-52zM-60 276h70v44h-70z", Look::fill(Token::Far));
    pen.path("M174 254v8M196 254v8M174 278v8", panes());
}

fn panes() -> Look {
    Look::line(Token::SkyBottom, 5.0).faint(0.8)
}

fn main(pen: &mut Pen) {
    let look = Look::fill(Token::Far);
    pen.path("M1250 236h60v84h-60zM1318 196h48v124h-48zM1374 256h76v64h-76zM1458 216h44v104h-44z", look);
    pen.path("M1330 196v-18M1480 216v-14", Look::line(Token::Far, 4.0));
    pen.path("M1330 216v8M1352 216v8M1330 240v8M1352 240v8M1330 264v8M1266 256v8M1292 256v8M1266 280v8", panes());
    pen.path("M1390 276v8M1412 276v8M1434 276v8M1472 236v8M1488 236v8M1472 260v8", panes());
}
