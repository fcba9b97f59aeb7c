//! Which functions there are, and what some of them take.
//!
//! Upstream: cel-go's `common/stdlib` and `ext`, `apiserver/pkg/cel/library`, `.../environment/base.go`. Of most functions
//! only the name is known here; what they take is seen when they run.

/// All functions and macros, those of the values included.
const KNOWN: &str = "size int uint double string bool bytes type dyn duration timestamp matches contains startsWith \
    endsWith getFullYear getMonth getDayOfYear getDate getDayOfMonth getDayOfWeek getHours getMinutes getSeconds \
    getMilliseconds charAt format indexOf join lastIndexOf lowerAscii upperAscii quote replace split substring trim reverse \
    isSorted sum min max find findAll url isURL getScheme getHost getHostname getPort getEscapedPath getQuery quantity \
    isQuantity isInteger asInteger asApproximateFloat sign isGreaterThan isLessThan compareTo add sub ip isIP isCanonical \
    family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast cidr isCIDR containsIP \
    containsCIDR masked prefixLength validate named semver isSemver major minor patch intersects equivalent of \
    ofNonZeroValue none hasValue value or orValue optMap optFlatMap slice flatten sort sortBy distinct range greatest least \
    path group resource subresource namespace name check allowed reason errored error serviceAccount fieldSelector \
    labelSelector bind exists all exists_one existsOne map filter transformList transformMap transformMapEntry";

/// What a function takes: that of a value first the value.
const TAKES: [(&str, bool, &[&str]); 13] = [
    ("contains", true, &["string string"]),
    ("startsWith", true, &["string string"]),
    ("endsWith", true, &["string string"]),
    ("matches", true, &["string string"]),
    ("lowerAscii", true, &["string"]),
    ("upperAscii", true, &["string"]),
    ("trim", true, &["string"]),
    ("split", true, &["string string", "string string int"]),
    ("replace", true, &["string string string", "string string string int"]),
    ("substring", true, &["string int", "string int int"]),
    ("charAt", true, &["string int"]),
    ("isQuantity", false, &["string"]),
    ("isURL", false, &["string"]),
];

/// Whether there is a function of this name.
pub fn is_known(name: &str) -> bool {
    KNOWN.split_whitespace().any(|known| known == name)
}

/// Whether a function may be asked with values of these types; of most functions that is not known.
pub fn fits(method: bool, name: &str, given: &[String]) -> bool {
    if name == "size" && given.len() == 1 {
        let sized = |of: &String| of == "string" || of == "bytes" || of.starts_with("list(") || of.starts_with("map(");
        return given.iter().all(sized);
    }
    let takes = TAKES.iter().find(|(known, of_value, _)| *known == name && *of_value == method);
    takes.is_none_or(|(_, _, takes)| takes.contains(&given.join(" ").as_str()))
}
