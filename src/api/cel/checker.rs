//! Whether an expression can be right whatever the values are: cel-go's type checker.
//!
//! Upstream: cel-go's `checker/{checker,errors}.go`, `cel/validator.go`, `parser/macro.go` for what macros unfold to.

use super::expr::Expr;
use super::functions;
use super::parse::SyntaxError;
use super::signatures;
use super::times::{duration, moment};
use super::types::{BOOL, INT, STRING, Type};
use super::unify::Known;
use super::val::Val;

/// Names that are types.
const TYPES: [&str; 10] = ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

/// Walks through an expression.
pub(super) struct Checker<'s> {
    /// Variables, the last named counts.
    pub names: Vec<(String, Type<'s>)>,
    /// A name that is no variable fits everything.
    pub lenient: bool,
    /// What is wrong.
    pub found: Vec<SyntaxError>,
    /// What is known of types that stand for others.
    pub known: Known<'s>,
}

impl<'s> Checker<'s> {
    /// One that knows these variables.
    pub fn new(variables: &[(&str, Type<'s>)]) -> Self {
        let names = variables.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect();
        Self { names, lenient: false, found: Vec::new(), known: Known::default() }
    }

    fn complain(&mut self, at: usize, message: String) -> Type<'s> {
        self.found.push(SyntaxError { at, message });
        Type::Error
    }

    /// The type of an expression, as far as it is known.
    pub fn of(&mut self, expr: &Expr) -> Type<'s> {
        let of = self.raw(expr);
        self.known.resolved(&of, false)
    }

    fn raw(&mut self, expr: &Expr) -> Type<'s> {
        match expr {
            Expr::Literal(value, _) => literal(value),
            Expr::Name(name, at) => self.name(name, *at),
            Expr::Field(of, name, optional, at) => {
                // `authorizer.requestResource` is a variable.
                if let Some(full) = expr.qualified()
                    && let Some((_, of)) = self.names.iter().rev().find(|(known, _)| *known == full)
                {
                    return of.clone();
                }
                let inner = self.of(of);
                self.field(&inner, name, *optional, *at)
            }
            Expr::Has(of, name, at) => {
                let inner = self.of(of);
                self.field(&inner, name, false, *at);
                BOOL
            }
            Expr::Index(of, index, optional, at) => {
                let given = [self.of(of), self.of(index)];
                self.call(if *optional { "_[?_]" } else { "_[_]" }, None, given.to_vec(), *at)
            }
            Expr::Call(of, name, arguments, at) => {
                let given: Vec<Type> = arguments.iter().map(|argument| self.of(argument)).collect();
                if let Some(full) = of.as_ref().and_then(|of| Some(format!("{}.{name}", of.qualified()?)))
                    && signatures::is_known(&full)
                {
                    return self.call(&full, None, given, *at);
                }
                let of = of.as_deref().map(|of| self.of(of));
                self.call(name, of, given, *at)
            }
            Expr::Binary(sign, left, right, at) => {
                let given = vec![self.of(left), self.of(right)];
                let name = if *sign == "in" { "@in".to_owned() } else { format!("_{sign}_") };
                self.call(&name, None, given, *at)
            }
            Expr::Unary(sign, of, at) => {
                let given = vec![self.of(of)];
                self.call(if *sign == '!' { "!_" } else { "-_" }, None, given, *at)
            }
            Expr::If(parts, at) => {
                let given = parts.iter().map(|part| self.of(part)).collect();
                self.call("_?_:_", None, given, *at)
            }
            Expr::List(items, _) => Type::list(self.alike(items.iter())),
            Expr::Map(entries, _) => {
                let keys = self.alike(entries.iter().map(|(key, _)| key));
                let values = self.alike(entries.iter().map(|(_, value)| value));
                Type::Map(Box::new((keys, values)))
            }
            Expr::Each(name, of, variables, parts, at) => self.each(name, of, variables, (parts, *at)),
        }
    }

    fn each(&mut self, name: &str, of: &Expr, variables: &[String], (parts, at): (&[Expr], usize)) -> Type<'s> {
        let range = self.of(of);
        if name.starts_with("opt") {
            return self.of_optional(name, &range, (&variables[0], &parts[0]), at);
        }
        let items = self.items(&range, variables.len(), of.at());
        self.names.extend(variables.iter().cloned().zip(items.iter().cloned()));
        let given: Vec<Type> = parts.iter().map(|part| self.of(part)).collect();
        self.names.truncate(self.names.len() - variables.len());
        self.unfolded(name, &items, given, at)
    }

    fn name(&mut self, name: &str, at: usize) -> Type<'s> {
        if let Some((_, of)) = self.names.iter().rev().find(|(known, _)| known == name) {
            return of.clone();
        }
        match TYPES.iter().find(|known| **known == name) {
            Some(known) => Type::Kind(Box::new(Type::Plain(known))),
            None if self.lenient => Type::Dyn,
            None => self.complain(at, format!("undeclared reference to '{name}' (in container '')")),
        }
    }

    /// The type of all items (`joinTypes`).
    fn alike<'e>(&mut self, items: impl Iterator<Item = &'e Expr>) -> Type<'s> {
        let mut joined: Option<Type> = None;
        for item in items {
            let of = self.of(item);
            joined = Some(match joined {
                None => of,
                Some(before) if self.known.all_fit(std::slice::from_ref(&before), std::slice::from_ref(&of)) => {
                    if before.as_general(&of) {
                        before
                    } else {
                        of
                    }
                }
                Some(before) => {
                    let message = format!("expected type '{}' but found '{}'", before.shown(), of.shown());
                    self.complain(item.at(), message);
                    before
                }
            });
        }
        joined.unwrap_or_else(|| self.known.fresh())
    }

    /// What a comprehension with so many variables goes through (`checkComprehension`).
    pub fn items(&mut self, of: &Type<'s>, variables: usize, at: usize) -> Vec<Type<'s>> {
        let (first, second) = match of {
            Type::List(inner) => (INT, (**inner).clone()),
            Type::Map(inner) => (**inner).clone(),
            Type::Dyn | Type::Error | Type::Param(_) => (Type::Dyn, Type::Dyn),
            other => {
                let shown = other.shown();
                self.complain(at, format!("expression of type '{shown}' cannot be range of a comprehension (must be list, map, or dynamic)"));
                (Type::Error, Type::Error)
            }
        };
        match (variables, of) {
            (1, Type::List(_)) => vec![second],
            (1, _) => vec![first],
            _ => vec![first, second],
        }
    }

    /// What a macro is once its parts have types: the operators that it unfolds to are checked as if they stood there.
    fn unfolded(&mut self, name: &str, items: &[Type<'s>], mut given: Vec<Type<'s>>, at: usize) -> Type<'s> {
        let last = given.pop().unwrap_or(Type::Error);
        let item = items.last().cloned().unwrap_or(Type::Dyn);
        let made = match name {
            "all" => return self.call("_&&_", None, vec![BOOL, last], at),
            "exists" => return self.call("_||_", None, vec![BOOL, last], at),
            "exists_one" | "existsOne" => {
                self.call("_?_:_", None, vec![last, INT, INT], at);
                return BOOL;
            }
            "filter" => {
                given.push(last);
                Type::list(item)
            }
            "map" | "transformList" => Type::list(last),
            "transformMap" => Type::Map(Box::new((items[0].clone(), last))),
            _ if matches!(last, Type::Map(_) | Type::Dyn | Type::Error) => last,
            _ => return self.call("cel.@mapInsert", None, vec![Type::map(Type::Dyn), last], at),
        };
        match given.pop() {
            Some(condition) => self.call("_?_:_", None, vec![condition, made.clone(), made], at),
            None => made,
        }
    }

    fn of_optional(&mut self, name: &str, of: &Type<'s>, (variable, then): (&str, &Expr), at: usize) -> Type<'s> {
        self.call("hasValue", Some(of.clone()), Vec::new(), at);
        let inner = self.call("value", Some(of.clone()), Vec::new(), at);
        self.names.push((variable.to_owned(), inner));
        let then = self.of(then);
        self.names.pop();
        let made = if name == "optMap" { Type::Optional(Box::new(then)) } else { then };
        let none = Type::Optional(Box::new(self.known.fresh()));
        self.call("_?_:_", None, vec![BOOL, made, none], at)
    }

    /// Upstream: `checkSelectField`.
    fn field(&mut self, of: &Type<'s>, name: &str, optional: bool, at: usize) -> Type<'s> {
        let (of, chained) = match of {
            Type::Optional(inner) => (self.known.resolved(inner, false), true),
            of => (of.clone(), false),
        };
        let found = match &of {
            Type::Dyn | Type::Error | Type::Param(_) => Type::Dyn,
            Type::Map(inner) => inner.1.clone(),
            Type::Object(_) | Type::Custom(..) | Type::Record(..) => match of.field(name) {
                Some(found) => found,
                None => self.complain(at, format!("undefined field '{name}'")),
            },
            other => {
                self.complain(at, format!("type '{}' does not support field selection", other.shown()));
                Type::Dyn
            }
        };
        if optional || chained { Type::Optional(Box::new(found)) } else { found }
    }

    /// Upstream: `resolveOverload`: what fits decides; if several fit that give different types, anything may come of it.
    fn call(&mut self, name: &str, of: Option<Type<'s>>, arguments: Vec<Type<'s>>, at: usize) -> Type<'s> {
        if !signatures::is_known(name) {
            return self.complain(at, format!("undeclared reference to '{name}' (in container '')"));
        }
        let method = of.is_some();
        let given: Vec<Type> = of.into_iter().chain(arguments).collect();
        let mut result: Option<Type> = None;
        for signature in signatures::of(name).iter().filter(|signature| signature.method == method) {
            let letters = self.known.letters();
            let wanted: Vec<Type> = signature.takes.iter().map(|of| lettered(of, letters)).collect();
            if !self.known.all_fit(&given, &wanted) {
                continue;
            }
            let answer = self.known.resolved(&lettered(&signature.gives, letters), false);
            result = Some(match result {
                Some(known) if known != answer => Type::Dyn,
                _ => answer,
            });
        }
        if let Some(result) = result {
            return result;
        }
        let shown: Vec<String> = given.iter().map(|of| self.known.resolved(of, true).shown()).collect();
        let applied = if method {
            format!("{}.({})", shown[0], shown[1..].join(", "))
        } else {
            format!("({})", shown.join(", "))
        };
        self.complain(at, format!("found no matching overload for '{name}' applied to '{applied}'"))
    }

    /// What is seen of texts that stand in the expression itself (`ValidateDurationLiterals` and its kin).
    pub fn literals(&mut self, expr: &Expr) {
        if let Expr::Call(of, name, arguments, _) = expr {
            let text = match (name.as_str(), of, arguments.first()) {
                ("matches", _, Some(Expr::Literal(Val::Text(text), at)))
                | ("duration" | "timestamp", None, Some(Expr::Literal(Val::Text(text), at))) => Some((text, *at)),
                _ => None,
            };
            let right = |text: &str| match name.as_str() {
                "matches" => functions::regex(text).is_ok(),
                "duration" => duration(text).is_some(),
                _ => moment(text).is_some(),
            };
            if let Some((_, at)) = text.filter(|(text, _)| !right(text)) {
                self.complain(at, format!("invalid {name} argument"));
            }
        }
        expr.parts(&mut |part| self.literals(part));
    }
}

/// A type of a signature whose letters stand for fresh types.
fn lettered<'s>(of: &Type<'static>, letters: u32) -> Type<'s> {
    match of {
        Type::Param(letter) => Type::Param(letters + letter),
        other => other.with_inner(&mut |inner| lettered(inner, letters)),
    }
}

fn literal(value: &Val) -> Type<'static> {
    match value {
        Val::Bool(_) => BOOL,
        Val::Int(_) => INT,
        Val::Null => Type::Null,
        Val::Text(_) => STRING,
        other => Type::Plain(other.type_name()),
    }
}
