//! Which types fit where, and what that says of those that are not known yet.
//!
//! Upstream: cel-go's `checker/types.go` (`isAssignable`, `isValidTypeSubstitution`, `mostGeneral`, `substitute`).

use super::types::Type;

/// What is known of the types that stand for others.
#[derive(Clone, Default)]
pub struct Known<'s> {
    found: Vec<(u32, Type<'s>)>,
    next: u32,
}

impl<'s> Known<'s> {
    /// A type of which nothing is known.
    pub fn fresh(&mut self) -> Type<'s> {
        self.next += 1;
        Type::Param(self.next)
    }

    /// Room for the letters of a signature: what is added to each.
    pub fn letters(&mut self) -> u32 {
        self.next += 1 << 8;
        self.next - (1 << 8)
    }

    fn of(&self, param: u32) -> Option<&Type<'s>> {
        self.found.iter().find(|(known, _)| *known == param).map(|(_, of)| of)
    }

    fn set(&mut self, param: u32, of: Type<'s>) {
        if refers(&self.resolved(&of, false), param) {
            return;
        }
        match self.found.iter_mut().find(|(known, _)| *known == param) {
            Some((_, known)) => *known = of,
            None => self.found.push((param, of)),
        }
    }

    /// A type with what is known put in; `whole`: the rest may be anything.
    pub fn resolved(&self, of: &Type<'s>, whole: bool) -> Type<'s> {
        match of {
            Type::Param(param) => match self.of(*param) {
                Some(found) if found != of => self.resolved(found, whole),
                _ if whole => Type::Dyn,
                _ => of.clone(),
            },
            other => other.with_inner(&mut |inner| self.resolved(inner, whole)),
        }
    }

    /// Whether values of these types may stand where those are wanted; if so, what that says is kept.
    pub fn all_fit(&mut self, given: &[Type<'s>], wanted: &[Type<'s>]) -> bool {
        let mut tried = self.clone();
        let fits =
            given.len() == wanted.len() && given.iter().zip(wanted).all(|(given, wanted)| tried.fits(given, wanted));
        if fits {
            *self = tried;
        }
        fits
    }

    fn fits(&mut self, one: &Type<'s>, other: &Type<'s>) -> bool {
        if let Type::Param(param) = other {
            match self.stands_for(one, *param) {
                Some(answer) => return answer,
                None => return true,
            }
        }
        if let Type::Param(param) = one {
            return self.stands_for(other, *param).unwrap_or(true);
        }
        match (one, other) {
            (Type::Dyn | Type::Error, _) | (_, Type::Dyn | Type::Error) | (Type::Kind(_), Type::Kind(_)) => true,
            (Type::Null, other) | (other, Type::Null) => other.may_be_null(),
            (Type::List(one), Type::List(other)) | (Type::Optional(one), Type::Optional(other)) => {
                self.fits(one, other)
            }
            (Type::Map(one), Type::Map(other)) => self.fits(&one.0, &other.0) && self.fits(&one.1, &other.1),
            (one, other) => one == other,
        }
    }

    /// Whether a type may stand for one that is not known; `None`: nothing was known of it, now this is.
    fn stands_for(&mut self, of: &Type<'s>, param: u32) -> Option<bool> {
        if *of == Type::Param(param) {
            return Some(true);
        }
        let Some(known) = self.of(param).cloned() else {
            self.set(param, of.clone());
            return None;
        };
        if *of == known {
            return Some(true);
        }
        let fits = self.fits(of, &known);
        if fits {
            self.set(param, if of.as_general(&known) { of.clone() } else { known });
        }
        Some(fits)
    }
}

fn refers(of: &Type, param: u32) -> bool {
    match of {
        Type::Param(other) => *other == param,
        Type::List(inner) | Type::Optional(inner) | Type::Kind(inner) => refers(inner, param),
        Type::Map(inner) => refers(&inner.0, param) || refers(&inner.1, param),
        _ => false,
    }
}
