//! Which functions there are, what they take and what they give.
//!
//! Upstream: cel-go's `common/stdlib`, `cel/library.go` (optionals), `ext/{strings,sets,comprehensions}.go`;
//! `apiserver/pkg/cel/library/{authz,cidr,format,ip,lists,quantity,regex,semverlib,urls}.go`; which of them Kubernetes takes
//! says `apiserver/pkg/cel/environment/base.go`.

use super::types::Type;

/// One line for each function: before `;` the value that it is asked of, capitals for any type, after `where` the types for
/// which `#` stands.
const SIGNATURES: &str = "
_&&_(bool, bool): bool
_||_(bool, bool): bool
!_(bool): bool
-_(#): # where int double
_?_:_(bool, A, A): A
_==_(A, A): bool
_!=_(A, A): bool
_<_(#, #): bool where bool int uint double string bytes timestamp duration
_<=_(#, #): bool where bool int uint double string bytes timestamp duration
_>_(#, #): bool where bool int uint double string bytes timestamp duration
_>=_(#, #): bool where bool int uint double string bytes timestamp duration
_<_(int, #): bool where uint double
_<_(uint, #): bool where int double
_<_(double, #): bool where int uint
_<=_(int, #): bool where uint double
_<=_(uint, #): bool where int double
_<=_(double, #): bool where int uint
_>_(int, #): bool where uint double
_>_(uint, #): bool where int double
_>_(double, #): bool where int uint
_>=_(int, #): bool where uint double
_>=_(uint, #): bool where int double
_>=_(double, #): bool where int uint
@in(A, list(A)): bool
@in(A, map(A, B)): bool
_+_(#, #): # where bytes double duration int string uint list(A)
_+_(duration, timestamp): timestamp
_+_(timestamp, duration): timestamp
_-_(#, #): # where double duration int uint
_-_(timestamp, duration): timestamp
_-_(timestamp, timestamp): duration
_*_(#, #): # where double int uint
_/_(#, #): # where double int uint
_%_(#, #): # where int uint
_[_](list(A), int): A
_[_](map(A, B), A): B
_[_](optional_type(list(A)), int): optional_type(A)
_[_](optional_type(map(A, B)), A): optional_type(B)
_[?_](list(A), int): optional_type(A)
_[?_](optional_type(list(A)), int): optional_type(A)
_[?_](map(A, B), A): optional_type(B)
_[?_](optional_type(map(A, B)), A): optional_type(B)
cel.@mapInsert(map(A, B), map(A, B)): map(A, B)
bool(#): bool where bool string
bytes(#): bytes where bytes string
double(#): double where double int string uint
duration(#): duration where duration int string
dyn(A): dyn
int(#): int where int double duration string timestamp uint
string(#): string where string bool bytes double duration int timestamp uint net.IP net.CIDR
timestamp(#): timestamp where timestamp int string
type(A): type(A)
uint(#): uint where uint double int string
size(#): int where string bytes list(A) map(A, B)
size(#;): int where string bytes list(A) map(A, B)
contains(string; string): bool
endsWith(string; string): bool
startsWith(string; string): bool
matches(string, string): bool
matches(string; string): bool
getDate(timestamp;): int
getDate(timestamp; string): int
getDayOfMonth(timestamp;): int
getDayOfMonth(timestamp; string): int
getDayOfWeek(timestamp;): int
getDayOfWeek(timestamp; string): int
getDayOfYear(timestamp;): int
getDayOfYear(timestamp; string): int
getFullYear(timestamp;): int
getFullYear(timestamp; string): int
getMonth(timestamp;): int
getMonth(timestamp; string): int
getHours(#;): int where timestamp duration
getHours(timestamp; string): int
getMinutes(#;): int where timestamp duration
getMinutes(timestamp; string): int
getSeconds(#;): int where timestamp duration
getSeconds(timestamp; string): int
getMilliseconds(#;): int where timestamp duration
getMilliseconds(timestamp; string): int
charAt(string; int): string
format(string; list(dyn)): string
indexOf(string; string): int
indexOf(string; string, int): int
indexOf(list(A); A): int
join(list(string);): string
join(list(string); string): string
lastIndexOf(string; string): int
lastIndexOf(string; string, int): int
lastIndexOf(list(A); A): int
lowerAscii(string;): string
upperAscii(string;): string
trim(string;): string
strings.quote(string): string
replace(string; string, string): string
replace(string; string, string, int): string
split(string; string): list(string)
split(string; string, int): list(string)
substring(string; int): string
substring(string; int, int): string
isSorted(list(#);): bool where int uint double bool duration timestamp string bytes
max(list(#);): # where int uint double bool duration timestamp string bytes
min(list(#);): # where int uint double bool duration timestamp string bytes
sum(list(#);): # where int uint double duration
find(string; string): string
findAll(string; string): list(string)
findAll(string; string, int): list(string)
url(string): kubernetes.URL
isURL(string): bool
getScheme(kubernetes.URL;): string
getHost(kubernetes.URL;): string
getHostname(kubernetes.URL;): string
getPort(kubernetes.URL;): string
getEscapedPath(kubernetes.URL;): string
getQuery(kubernetes.URL;): map(string, list(string))
quantity(string): kubernetes.Quantity
isQuantity(string): bool
isInteger(kubernetes.Quantity;): bool
asInteger(kubernetes.Quantity;): int
asApproximateFloat(kubernetes.Quantity;): double
sign(kubernetes.Quantity;): int
add(kubernetes.Quantity; #): kubernetes.Quantity where kubernetes.Quantity int
sub(kubernetes.Quantity; #): kubernetes.Quantity where kubernetes.Quantity int
isLessThan(#; #): bool where kubernetes.Quantity kubernetes.Semver
isGreaterThan(#; #): bool where kubernetes.Quantity kubernetes.Semver
compareTo(#; #): int where kubernetes.Quantity kubernetes.Semver
semver(string): kubernetes.Semver
semver(string, bool): kubernetes.Semver
isSemver(string): bool
isSemver(string, bool): bool
major(kubernetes.Semver;): int
minor(kubernetes.Semver;): int
patch(kubernetes.Semver;): int
ip(string): net.IP
ip(net.CIDR;): net.IP
isIP(string): bool
ip.isCanonical(string): bool
family(net.IP;): int
isUnspecified(net.IP;): bool
isLoopback(net.IP;): bool
isLinkLocalMulticast(net.IP;): bool
isLinkLocalUnicast(net.IP;): bool
isGlobalUnicast(net.IP;): bool
cidr(string): net.CIDR
isCIDR(string): bool
containsIP(net.CIDR; #): bool where net.IP string
containsCIDR(net.CIDR; #): bool where net.CIDR string
masked(net.CIDR;): net.CIDR
prefixLength(net.CIDR;): int
format.named(string): optional_type(kubernetes.NamedFormat)
format.dns1123Label(): kubernetes.NamedFormat
format.dns1123Subdomain(): kubernetes.NamedFormat
format.dns1035Label(): kubernetes.NamedFormat
format.qualifiedName(): kubernetes.NamedFormat
format.dns1123LabelPrefix(): kubernetes.NamedFormat
format.dns1123SubdomainPrefix(): kubernetes.NamedFormat
format.dns1035LabelPrefix(): kubernetes.NamedFormat
format.labelValue(): kubernetes.NamedFormat
format.uri(): kubernetes.NamedFormat
format.uuid(): kubernetes.NamedFormat
format.byte(): kubernetes.NamedFormat
format.date(): kubernetes.NamedFormat
format.datetime(): kubernetes.NamedFormat
validate(kubernetes.NamedFormat; string): optional_type(list(string))
sets.contains(list(A), list(A)): bool
sets.equivalent(list(A), list(A)): bool
sets.intersects(list(A), list(A)): bool
optional.of(A): optional_type(A)
optional.ofNonZeroValue(A): optional_type(A)
optional.none(): optional_type(A)
optional.unwrap(list(optional_type(A))): list(A)
unwrapOpt(list(optional_type(A));): list(A)
value(optional_type(A);): A
hasValue(optional_type(A);): bool
or(optional_type(A); optional_type(A)): optional_type(A)
orValue(optional_type(A); A): A
first(list(A);): optional_type(A)
last(list(A);): optional_type(A)
path(kubernetes.authorization.Authorizer; string): kubernetes.authorization.PathCheck
group(kubernetes.authorization.Authorizer; string): kubernetes.authorization.GroupCheck
serviceAccount(kubernetes.authorization.Authorizer; string, string): kubernetes.authorization.Authorizer
resource(kubernetes.authorization.GroupCheck; string): kubernetes.authorization.ResourceCheck
subresource(kubernetes.authorization.ResourceCheck; string): kubernetes.authorization.ResourceCheck
namespace(kubernetes.authorization.ResourceCheck; string): kubernetes.authorization.ResourceCheck
name(kubernetes.authorization.ResourceCheck; string): kubernetes.authorization.ResourceCheck
fieldSelector(kubernetes.authorization.ResourceCheck; string): kubernetes.authorization.ResourceCheck
labelSelector(kubernetes.authorization.ResourceCheck; string): kubernetes.authorization.ResourceCheck
check(kubernetes.authorization.PathCheck; string): kubernetes.authorization.Decision
check(kubernetes.authorization.ResourceCheck; string): kubernetes.authorization.Decision
allowed(kubernetes.authorization.Decision;): bool
reason(kubernetes.authorization.Decision;): string
errored(kubernetes.authorization.Decision;): bool
error(kubernetes.authorization.Decision;): string
";

/// One way to call a function.
pub struct Signature {
    /// Whether it is asked of a value, which is the first of what it takes then.
    pub method: bool,
    /// What it takes; letters count from 0.
    pub takes: Vec<Type<'static>>,
    /// What it gives.
    pub gives: Type<'static>,
}

/// The lines of a function.
fn lines(name: &str) -> impl Iterator<Item = &'static str> {
    SIGNATURES.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix('('))
}

/// Whether there is a function of this name.
pub fn is_known(name: &str) -> bool {
    lines(name).next().is_some()
}

/// All ways to call a function.
pub fn of(name: &str) -> Vec<Signature> {
    let mut out = Vec::new();
    for line in lines(name) {
        let (line, places) = line.split_once(" where ").unwrap_or((line, ""));
        let Some((takes, gives)) = line.split_once("): ") else { continue };
        let method = takes.contains(';');
        // Types within brackets may have blanks between them.
        let places = if places.is_empty() { vec![""] } else { split(places, ' ') };
        for place in places {
            let read = |text: &'static str| of_text(if text == "#" { place } else { text }, place);
            let takes = split(takes, if method { ';' } else { ',' });
            let takes = takes.into_iter().flat_map(|part| split(part, ',')).map(str::trim);
            out.push(Signature {
                method,
                takes: takes.filter(|one| !one.is_empty()).map(read).collect(),
                gives: read(gives),
            });
        }
    }
    out
}

/// The parts of a text between signs that stand in no brackets.
fn split(text: &'static str, sign: char) -> Vec<&'static str> {
    let (mut depth, mut begin, mut out) = (0usize, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if c == sign && depth == 0 => {
                out.push(&text[begin..at]);
                begin = at + c.len_utf8();
            }
            _ => {}
        }
    }
    out.push(&text[begin..]);
    out
}

fn of_text(text: &'static str, place: &'static str) -> Type<'static> {
    let text = text.trim();
    if text == "#" {
        return of_text(place, "");
    }
    let Some((name, inner)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) else {
        return match text.as_bytes() {
            b"dyn" => Type::Dyn,
            [letter @ b'A'..=b'Z'] => Type::Param(u32::from(letter - b'A')),
            _ => Type::Plain(text),
        };
    };
    let mut inner = split(inner, ',').into_iter().map(|part| of_text(part, place));
    let first = inner.next().unwrap_or(Type::Dyn);
    match (name, inner.next()) {
        ("map", Some(second)) => Type::Map(Box::new((first, second))),
        ("optional_type", _) => Type::Optional(Box::new(first)),
        ("type", _) => Type::Kind(Box::new(first)),
        _ => Type::list(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_functions_take() {
        let shown = |name: &str| -> Vec<String> {
            let one = |of: &Signature| {
                let takes: Vec<String> = of.takes.iter().map(Type::shown).collect();
                format!("{}({}): {}", if of.method { "." } else { "" }, takes.join(", "), of.gives.shown())
            };
            of(name).iter().map(one).collect()
        };
        assert_eq!(shown("_-_")[..2], ["(double, double): double", "(duration, duration): duration"]);
        assert_eq!(shown("size")[3..5], ["(map(dyn, dyn)): int", ".(string): int"]);
        assert_eq!(shown("sum")[0], ".(list(int)): int");
        assert_eq!(shown("getQuery"), [".(kubernetes.URL): map(string, list(string))"]);
        assert!(is_known("sets.contains") && !is_known("reverse") && !is_known("sets"));
        for line in SIGNATURES.lines().filter(|line| !line.is_empty()) {
            let name = line.split_once('(').map_or("", |(name, _)| name);
            assert!(!of(name).is_empty(), "{line}");
        }
    }
}
