//! The tree of an expression (cel-spec, `syntax.proto`).

use super::val::Val;

/// An expression. The last of each is where its errors are told: its sign, its dot, its bracket, else where it begins.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A value that stands there.
    Literal(Val, usize),
    /// A variable.
    Name(String, usize),
    /// `a.b`; with `?`: nothing if there is none.
    Field(Box<Expr>, String, bool, usize),
    /// `has(a.b)`.
    Has(Box<Expr>, String, usize),
    /// `a[b]`; with `?`: nothing if there is none.
    Index(Box<Expr>, Box<Expr>, bool, usize),
    /// A function, perhaps of a value.
    Call(Option<Box<Expr>>, String, Vec<Expr>, usize),
    /// Two sides.
    Binary(&'static str, Box<Expr>, Box<Expr>, usize),
    /// `!` or `-`.
    Unary(char, Box<Expr>, usize),
    /// `a ? b : c`.
    If(Box<[Expr; 3]>, usize),
    /// `[a, b]`.
    List(Vec<Expr>, usize),
    /// `{a: b}`.
    Map(Vec<(Expr, Expr)>, usize),
    /// `list.all(x, …)` and its kin: what, of what, one variable or two, the expressions.
    Each(&'static str, Box<Expr>, Vec<String>, Vec<Expr>, usize),
}

impl Expr {
    /// Where its errors are told.
    pub fn at(&self) -> usize {
        match self {
            Self::Literal(_, at)
            | Self::Name(_, at)
            | Self::Field(_, _, _, at)
            | Self::Has(_, _, at)
            | Self::Index(_, _, _, at)
            | Self::Call(_, _, _, at)
            | Self::Binary(_, _, _, at)
            | Self::Unary(_, _, at)
            | Self::If(_, at)
            | Self::List(_, at)
            | Self::Map(_, at)
            | Self::Each(_, _, _, _, at) => *at,
        }
    }

    /// Looks at each of its parts.
    pub fn parts(&self, look: &mut dyn FnMut(&Self)) {
        match self {
            Self::Literal(..) | Self::Name(..) => {}
            Self::Field(of, ..) | Self::Has(of, ..) | Self::Unary(_, of, _) => look(of),
            Self::Index(one, other, ..) | Self::Binary(_, one, other, _) => {
                look(one);
                look(other);
            }
            Self::If(parts, _) => parts.iter().for_each(look),
            Self::List(items, _) => items.iter().for_each(look),
            Self::Map(entries, _) => {
                for (key, value) in entries {
                    look(key);
                    look(value);
                }
            }
            Self::Call(of, _, arguments, _) => of.as_deref().into_iter().chain(arguments).for_each(look),
            Self::Each(_, of, _, parts, _) => std::iter::once(&**of).chain(parts).for_each(look),
        }
    }

    /// `a.b.c` as a name, if it is nothing but names.
    pub fn qualified(&self) -> Option<String> {
        match self {
            Self::Name(name, _) => Some(name.clone()),
            Self::Field(of, name, false, _) => Some(format!("{}.{name}", of.qualified()?)),
            _ => None,
        }
    }
}
