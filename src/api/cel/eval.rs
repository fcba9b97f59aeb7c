//! The tree on values (cel-spec, `langdef.md`, "Evaluation"). `&&` and `||` do not mind an error on one side if the other
//! decides.

use super::escape::unescaped;
use super::expr::Expr;
use super::functions;
use super::parse::Program;
use super::val::Val;
use std::cell::Cell;
use std::cmp::Ordering;
use std::rc::Rc;

/// After so many steps an expression is given up (upstream bounds its cost).
const MOST_STEPS: u32 = 1_000_000;
/// What it costs to go through a value once (upstream: `common.StringTraversalCostFactor`).
fn weight(value: &Val) -> usize {
    match value {
        Val::Text(text) => text.len() / 10,
        Val::Bytes(bytes) => bytes.len() / 10,
        Val::List(items) => items.len() / 10,
        _ => 0,
    }
}

/// Names before a dot that are no values.
const SPACES: [&str; 5] = ["format", "ip", "optional", "sets", "strings"];

/// A value, or cel-go's sentence about why there is none.
pub type Outcome = Result<Val, String>;

/// The variables, the last named first.
#[derive(Default)]
pub struct Scope<'a> {
    variables: Vec<(String, Val)>,
    /// Variables that are made when they are first asked for: by name, their programs.
    composed: Vec<(&'a str, &'a Program)>,
    steps: Cell<u32>,
}

impl<'a> Scope<'a> {
    /// The same with a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: Val) -> Self {
        self.variables.push((name.to_owned(), value));
        self
    }

    /// The same with `variables.NAME`, each of which may use those before it.
    #[must_use]
    pub fn composing(mut self, variables: Vec<(&'a str, &'a Program)>) -> Self {
        self.composed = variables;
        self
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// Why it has none.
    pub fn evaluate(&mut self, program: &Program) -> Outcome {
        self.steps.set(0);
        self.eval(&program.root)
    }

    fn eval(&mut self, expr: &Expr) -> Outcome {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MOST_STEPS {
            return Err("operation cancelled: actual cost limit exceeded".to_owned());
        }
        match expr {
            Expr::Literal(value, _) => Ok(value.clone()),
            Expr::Name(name, _) => self.variable(name),
            Expr::Field(of, name, optional, _) => self.field(of, name, *optional),
            Expr::Has(of, name, _) => {
                let value = self.eval(of)?;
                has(&value, name)
            }
            Expr::Index(of, index, optional, _) => {
                let (value, index) = (self.eval(of)?, self.eval(index)?);
                look_up(&value, &index, *optional)
            }
            Expr::Call(of, name, arguments, _) => self.call(of.as_deref(), name, arguments),
            Expr::Binary(sign @ ("&&" | "||"), left, right, _) => self.logic(*sign == "||", left, right),
            Expr::Binary(sign, left, right, _) => {
                let (left, right) = (self.eval(left)?, self.eval(right)?);
                // Long operands cost as much as they are long, or a text could be doubled until the memory is full.
                let weight = u32::try_from(weight(&left) + weight(&right)).unwrap_or(MOST_STEPS);
                self.steps.set(self.steps.get().saturating_add(weight));
                binary(sign, &left, &right)
            }
            Expr::Unary(sign, of, _) => {
                let value = self.eval(of)?;
                unary(*sign, &value)
            }
            Expr::If(parts, _) => match self.eval(&parts[0])? {
                Val::Bool(true) => self.eval(&parts[1]),
                Val::Bool(false) => self.eval(&parts[2]),
                _ => no_overload(),
            },
            Expr::List(items, _) => {
                let items: Result<Vec<Val>, String> = items.iter().map(|item| self.eval(item)).collect();
                items.map(|items| Val::List(items.into()))
            }
            Expr::Map(entries, _) => {
                let pair = |(key, value): &(Expr, Expr), scope: &mut Self| Ok((scope.eval(key)?, scope.eval(value)?));
                let entries: Result<Vec<_>, String> = entries.iter().map(|entry| pair(entry, self)).collect();
                entries.map(|entries| Val::Map(entries.into()))
            }
            Expr::Each(what, of, variables, arguments, _) => {
                let of = self.eval(of)?;
                self.each(what, &of, variables, arguments)
            }
        }
    }

    fn call(&mut self, of: Option<&Expr>, name: &str, arguments: &[Expr]) -> Outcome {
        // `optional.of(x)`, `sets.contains(a, b)`: a name before the dot is no value.
        let space = match of {
            Some(Expr::Name(space, _)) if SPACES.contains(&space.as_str()) && !self.knows(space) => {
                Some(space.as_str())
            }
            _ => None,
        };
        let full = space.map_or_else(|| name.to_owned(), |space| format!("{space}.{name}"));
        let of = match (of, space) {
            (Some(of), None) => Some(self.eval(of)?),
            _ => None,
        };
        let arguments: Vec<Val> = arguments.iter().map(|argument| self.eval(argument)).collect::<Result<_, _>>()?;
        functions::call(of.as_ref(), &full, &arguments)
    }

    fn knows(&self, name: &str) -> bool {
        self.variables.iter().any(|(known, _)| known == name)
    }

    fn variable(&self, name: &str) -> Outcome {
        const TYPES: [&str; 10] =
            ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"];
        let found = self.variables.iter().rev().find(|(known, _)| known == name);
        match (found, TYPES.iter().find(|known| **known == name)) {
            (Some((_, value)), _) => Ok(value.clone()),
            (None, Some(name)) => Ok(Val::Type(name)),
            (None, None) => Err(format!("no such attribute(s): {name}")),
        }
    }

    fn field(&mut self, of: &Expr, name: &str, optional: bool) -> Outcome {
        if let (Expr::Name(space, _), Some(at)) = (of, self.composed.iter().position(|(known, _)| *known == name))
            && space == "variables"
        {
            let program = self.composed[at].1;
            return self.eval(&program.root);
        }
        let value = self.eval(of)?;
        look_up(&value, &Val::text(unescaped(name)), optional)
    }

    fn logic(&mut self, or: bool, left: &Expr, right: &Expr) -> Outcome {
        let left = self.eval(left);
        if matches!(left, Ok(Val::Bool(flag)) if flag == or) {
            return left;
        }
        let right = self.eval(right);
        match (left, right) {
            (_, Ok(Val::Bool(flag))) if flag == or => Ok(Val::Bool(or)),
            (Ok(Val::Bool(_)), Ok(Val::Bool(flag))) => Ok(Val::Bool(flag)),
            (Err(error), _) | (_, Err(error)) => Err(error),
            _ => no_overload(),
        }
    }

    fn each(&mut self, what: &str, of: &Val, variables: &[String], arguments: &[Expr]) -> Outcome {
        if let "optMap" | "optFlatMap" = what {
            let Val::Optional(inner) = of else { return no_overload() };
            let Some(inner) = inner else { return Ok(Val::Optional(None)) };
            let value = self.bound(variables, &[(**inner).clone()], &arguments[0])?;
            return Ok(if what == "optMap" { Val::Optional(Some(Rc::new(value))) } else { value });
        }
        let mut kept = Vec::new();
        let mut entries: Vec<(Val, Val)> = Vec::new();
        let (mut held, mut failed) = (0usize, None);
        for item in &rounds(of, variables.len())? {
            // What stands before the last expression says which are taken.
            if let [filter, _] = arguments
                && !is_true(&self.bound(variables, item, filter)?)?
            {
                continue;
            }
            let value = arguments.last().map_or_else(no_overload, |last| self.bound(variables, item, last));
            match (what, value) {
                ("map" | "transformList", value) => kept.push(value?),
                ("transformMap", value) => entries.push((item[0].clone(), value?)),
                ("transformMapEntry", value) => insert(&mut entries, &value?)?,
                ("filter", value) => {
                    if is_true(&value?)? {
                        kept.push(item[0].clone());
                    }
                }
                ("all", Ok(Val::Bool(false))) => return Ok(Val::Bool(false)),
                ("exists", Ok(Val::Bool(true))) => return Ok(Val::Bool(true)),
                ("all" | "exists", Ok(Val::Bool(_))) => {}
                ("all" | "exists", Ok(_)) => failed = Some("no such overload".to_owned()),
                ("all" | "exists", Err(error)) => failed = Some(error),
                (_, value) => held += usize::from(is_true(&value?)?),
            }
        }
        match (what, failed) {
            (_, Some(error)) => Err(error),
            ("map" | "filter" | "transformList", None) => Ok(Val::List(kept.into())),
            ("transformMap" | "transformMapEntry", None) => Ok(Val::Map(entries.into())),
            ("all", None) => Ok(Val::Bool(true)),
            ("exists", None) => Ok(Val::Bool(false)),
            _ => Ok(Val::Bool(held == 1)),
        }
    }

    fn bound(&mut self, variables: &[String], values: &[Val], expr: &Expr) -> Outcome {
        let before = self.variables.len();
        self.variables.extend(variables.iter().cloned().zip(values.iter().cloned()));
        let outcome = self.eval(expr);
        self.variables.truncate(before);
        outcome
    }
}

/// What a comprehension with one variable or two goes through: items or keys; indexes with items or keys with values.
fn rounds(of: &Val, variables: usize) -> Result<Vec<Vec<Val>>, String> {
    match (of, variables) {
        (Val::List(items), 1) => Ok(items.iter().map(|item| vec![item.clone()]).collect()),
        (Val::List(items), _) => {
            Ok(items.iter().enumerate().map(|(index, item)| vec![functions::whole(index), item.clone()]).collect())
        }
        (Val::Map(entries), 1) => Ok(entries.iter().map(|(key, _)| vec![key.clone()]).collect()),
        (Val::Map(entries), _) => Ok(entries.iter().map(|(key, value)| vec![key.clone(), value.clone()]).collect()),
        _ => Err("no such overload".to_owned()),
    }
}

/// Adds the entries of a map to others (cel-go: `ext/comprehensions.go`, `mapInsertMap`).
fn insert(entries: &mut Vec<(Val, Val)>, more: &Val) -> Result<(), String> {
    let Val::Map(more) = more else { return Err("no such overload".to_owned()) };
    for (key, value) in more.iter() {
        if entries.iter().any(|(known, _)| known.equals(key)) {
            return Err(format!("insert failed: key {} already exists", functions::shown(key)));
        }
        entries.push((key.clone(), value.clone()));
    }
    Ok(())
}

fn has(value: &Val, name: &str) -> Outcome {
    match unwrapped(value) {
        Some(map @ Val::Map(_)) => Ok(Val::Bool(map.entry(&Val::text(unescaped(name))).is_some())),
        Some(_) => no_overload(),
        None => Ok(Val::Bool(false)),
    }
}

fn unary(sign: char, value: &Val) -> Outcome {
    match (sign, value) {
        ('!', Val::Bool(flag)) => Ok(Val::Bool(!flag)),
        ('-', Val::Int(number)) => number.checked_neg().map(Val::Int).ok_or_else(overflow),
        ('-', Val::Double(number)) => Ok(Val::Double(-number)),
        ('-', Val::Duration(nanos)) => Ok(Val::Duration(-nanos)),
        _ => no_overload(),
    }
}

fn is_true(value: &Val) -> Result<bool, String> {
    match value {
        Val::Bool(flag) => Ok(*flag),
        _ => Err("no such overload".to_owned()),
    }
}

/// The value in an optional, or the value itself.
fn unwrapped(value: &Val) -> Option<&Val> {
    match value {
        Val::Optional(inner) => inner.as_deref(),
        other => Some(other),
    }
}

fn look_up(of: &Val, key: &Val, optional: bool) -> Outcome {
    let chained = matches!(of, Val::Optional(_));
    let wrap = |value: Option<Val>| Val::Optional(value.map(Rc::new));
    let Some(of) = unwrapped(of) else { return Ok(wrap(None)) };
    let found = match (of, key) {
        (Val::Map(_), key) => of.entry(key).cloned().ok_or_else(|| format!("no such key: {}", functions::shown(key))),
        (Val::List(items), Val::Int(index)) => {
            let found = usize::try_from(*index).ok().and_then(|index| items.get(index)).cloned();
            found.ok_or_else(|| format!("index out of bounds: {index}"))
        }
        _ => return no_overload(),
    };
    match (found, optional || chained) {
        (found, true) => Ok(wrap(found.ok())),
        (found, false) => found,
    }
}

fn no_overload() -> Outcome {
    Err("no such overload".to_owned())
}

fn overflow() -> String {
    "integer overflow".to_owned()
}

fn binary(sign: &str, left: &Val, right: &Val) -> Outcome {
    match sign {
        "==" => return Ok(Val::Bool(left.equals(right))),
        "!=" => return Ok(Val::Bool(!left.equals(right))),
        "in" => {
            return match right {
                Val::List(items) => Ok(Val::Bool(items.iter().any(|item| item.equals(left)))),
                Val::Map(_) => Ok(Val::Bool(right.entry(left).is_some())),
                _ => no_overload(),
            };
        }
        "<" | "<=" | ">" | ">=" => {
            let Some(order) = left.order(right) else { return no_overload() };
            return Ok(Val::Bool(match sign {
                "<" => order == Ordering::Less,
                "<=" => order != Ordering::Greater,
                ">" => order == Ordering::Greater,
                _ => order != Ordering::Less,
            }));
        }
        _ => {}
    }
    arithmetic(sign, left, right)
}

fn arithmetic(sign: &str, left: &Val, right: &Val) -> Outcome {
    let zero = || if sign == "%" { "modulus by zero".to_owned() } else { "division by zero".to_owned() };
    match (left, right) {
        (Val::Int(_), Val::Int(0)) | (Val::Uint(_), Val::Uint(0)) if matches!(sign, "/" | "%") => Err(zero()),
        (Val::Int(a), Val::Int(b)) => {
            let result = match sign {
                "+" => a.checked_add(*b),
                "-" => a.checked_sub(*b),
                "*" => a.checked_mul(*b),
                "/" => a.checked_div(*b),
                _ => a.checked_rem(*b),
            };
            result.map(Val::Int).ok_or_else(overflow)
        }
        (Val::Uint(a), Val::Uint(b)) => {
            let result = match sign {
                "+" => a.checked_add(*b),
                "-" => a.checked_sub(*b),
                "*" => a.checked_mul(*b),
                "/" => a.checked_div(*b),
                _ => a.checked_rem(*b),
            };
            result.map(Val::Uint).ok_or_else(|| "unsigned integer overflow".to_owned())
        }
        (Val::Double(a), Val::Double(b)) => match sign {
            "+" => Ok(Val::Double(a + b)),
            "-" => Ok(Val::Double(a - b)),
            "*" => Ok(Val::Double(a * b)),
            "/" => Ok(Val::Double(a / b)),
            _ => no_overload(),
        },
        (Val::Text(a), Val::Text(b)) if sign == "+" => Ok(Val::text(format!("{a}{b}"))),
        (Val::Bytes(a), Val::Bytes(b)) if sign == "+" => Ok(Val::Bytes([&**a, &**b].concat().into())),
        (Val::List(a), Val::List(b)) if sign == "+" => Ok(Val::List(a.iter().chain(&**b).cloned().collect())),
        (Val::Duration(a), Val::Duration(b)) if sign == "+" => {
            a.checked_add(*b).map(Val::Duration).ok_or_else(overflow)
        }
        (Val::Duration(a), Val::Duration(b)) if sign == "-" => {
            a.checked_sub(*b).map(Val::Duration).ok_or_else(overflow)
        }
        (Val::Moment(a), Val::Duration(b)) | (Val::Duration(b), Val::Moment(a)) if sign == "+" => {
            a.checked_add(*b).map(Val::Moment).ok_or_else(overflow)
        }
        (Val::Moment(a), Val::Duration(b)) if sign == "-" => a.checked_sub(*b).map(Val::Moment).ok_or_else(overflow),
        (Val::Moment(a), Val::Moment(b)) if sign == "-" => a.checked_sub(*b).map(Val::Duration).ok_or_else(overflow),
        _ => no_overload(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn run(text: &str, value: &Value) -> Result<String, String> {
        let program = Program::parse(text).map_err(|error| error.to_string())?;
        let outcome = Scope::default().with("self", Val::of(value, &Value::Null)).evaluate(&program);
        outcome.map(|value| functions::shown(&value))
    }

    #[track_caller]
    fn holds(text: &str) {
        let value = json!({"a": 1, "list": [1, 2, 3], "name": "web-1", "map": {"x": "y"}, "namespace": "n",
            "items": [{"name": "a", "port": 80}, {"name": "b", "port": 81}], "cpu": "500m"});
        assert_eq!(run(text, &value), Ok("true".to_owned()), "{text}");
    }

    #[test]
    fn the_language() {
        for text in [
            "self.a + 2 * 3 == 7 && -5 / 2 == -2 && 7 % 3 == 1",
            "self.a < 2 || self.none > 1",
            "self.none > 1 || self.a == 1",
            "!(self.a > 1) ? true : false",
            "1 in self.list && !(4 in self.list) && 'x' in self.map",
            "self.list.all(x, x > 0) && self.list.exists(x, x == 2) && self.list.exists_one(x, x == 3)",
            "self.items.map(i, i.port) == [80, 81] && self.items.filter(i, i.port > 80).size() == 1",
            "self.items.all(i, self.items.exists_one(j, j.name == i.name))",
            "has(self.a) && !has(self.b) && self.__namespace__ == 'n'",
            "size(self.list) == 3 && self.name.size() == 5 && 'a' + \"b\" == r'ab'",
            "type(self.a) == int && string(1) == '1' && int('7') == 7 && double(1) == 1.0",
            "self.?b.orValue(5) == 5 && self.?a.orValue(5) == 1 && !self.?b.hasValue() && self[?'a'].value() == 1",
            "{'k': [1]}['k'][0] == 1 && [1, 2][1] == 2 && 0x10 == 16 && 1u + 2u == 3u && 1e3 == 1000.0",
            "'a\\n\\x41' == '''a\nA''' // a comment",
            "1.0 == 1 && 2 > 1.5",
        ] {
            holds(text);
        }
    }

    #[test]
    fn the_functions() {
        for text in [
            "self.name.startsWith('web') && self.name.endsWith('1') && self.name.contains('b-') && self.name.matches('^web-[0-9]$')",
            "'a,b'.split(',') == ['a', 'b'] && ['a', 'b'].join('-') == 'a-b' && 'abc'.substring(1) == 'bc' && 'abc'.substring(0, 2) == 'ab'",
            "'Abc'.lowerAscii() == 'abc' && 'abc'.upperAscii() == 'ABC' && ' a '.trim() == 'a' && 'aXa'.replace('X', 'b') == 'aba'",
            "'hello'.indexOf('l') == 2 && 'hello'.lastIndexOf('l') == 3 && 'hello'.charAt(1) == 'e'",
            "'%s has %d'.format(['x', 3]) == 'x has 3'",
            "[3, 1, 2].isSorted() == false && [1, 2].sum() == 3 && [3, 1].min() == 1 && [3, 1].max() == 3 && [1, 2].indexOf(2) == 1",
            "quantity(self.cpu).isLessThan(quantity('1')) && isQuantity('1Gi') && !isQuantity('x') && quantity('1').compareTo(quantity('1000m')) == 0",
            "quantity('1').add(quantity('500m')) == quantity('1500m') && quantity('2').asInteger() == 2 && quantity('-1').sign() == -1",
            "duration('1h30m') > duration('80m') && duration('90s').getMinutes() == 1",
            "timestamp('2026-01-02T03:04:05Z').getFullYear() == 2026 && timestamp('2026-01-02T03:04:05Z') + duration('1h') == timestamp('2026-01-02T04:04:05Z')",
            "isURL('https://a.b:80/c?d=e') && url('https://a.b:80/c?d=e').getHost() == 'a.b:80' && url('https://a.b/c').getEscapedPath() == '/c'",
            "isIP('10.0.0.1') && !isIP('10.0.0') && ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').prefixLength() == 8",
            "sets.contains([1, 2], [1]) && sets.intersects([1], [1, 3]) && sets.equivalent([1, 1], [1])",
            "'abc 123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[0-9]') == ['1', '2']",
            "optional.of(1).orValue(2) == 1 && optional.none().orValue(2) == 2 && self.?a.optMap(x, x + 1).orValue(0) == 2",
        ] {
            holds(text);
        }
    }

    #[test]
    fn errors_are_told_as_cel_go_tells_them() {
        let value = json!({"a": 1, "list": [1]});
        for (text, error) in [
            ("self.b", "no such key: b"),
            ("self.list[3]", "index out of bounds: 3"),
            ("1 / 0", "division by zero"),
            ("self.a + 'x'", "no such overload"),
            ("9223372036854775807 + 1", "integer overflow"),
            (
                "self.a >",
                "ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
            ),
            ("self.a self", "ERROR: <input>:1:8: Syntax error: extraneous input 'self' expecting <EOF>"),
        ] {
            assert_eq!(run(text, &value), Err(error.to_owned()), "{text}");
        }
        let program = Program::parse("object.x == other && [1].all(y, y > 0)").expect("a program");
        assert!(program.uses("other") && !program.uses("y"));
    }

    #[test]
    fn nothing_hangs_or_overflows() {
        let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
        assert!(Program::parse(&deep).is_err());
        assert!(Program::parse(&"-".repeat(5000)).is_err());
        let many = "[0,1,2,3,4,5,6,7,8,9]";
        let slow = format!(
            "{many}.all(a, {many}.all(b, {many}.all(c, {many}.all(d, {many}.all(e, {many}.all(f, {many}.all(g, true)))))))"
        );
        assert_eq!(run(&slow, &Value::Null), Err("operation cancelled: actual cost limit exceeded".to_owned()));
    }
}
