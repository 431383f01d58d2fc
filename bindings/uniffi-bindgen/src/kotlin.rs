//! Generated Kotlin as part of a package: visible inside of it only, which uniffi cannot say.

/// The file that is written, below the folder of the sources.
pub(crate) const PATH: &str = "io/github/swarmlet/internal/swarmlet.kt";

/// Words with which a declaration begins that says nothing of who may see it.
const STARTS: &[&str] = &[
    "abstract",
    "class",
    "const",
    "data",
    "enum",
    "fun",
    "inline",
    "interface",
    "object",
    "open",
    "sealed",
    "suspend",
    "typealias",
    "val",
    "var",
];

/// The source with all its declarations internal.
pub(crate) fn internal(source: &str) -> String {
    source.lines().map(line).collect()
}

/// Declarations of a file stand at the beginning of a line, members are indented; and functions of
/// a file stand behind the end of their comment, or what they throw.
fn line(line: &str) -> String {
    let (first, rest) = line.split_once([' ', '<']).unwrap_or((line, ""));
    let (before, after) = line.split_once(" fun `").unwrap_or((line, ""));
    if first == "public" {
        format!("internal {rest}\n")
    } else if !after.is_empty() && is_end(before.trim_start()) {
        format!("{before} internal fun `{after}\n")
    } else if STARTS.contains(&first) {
        format!("internal {line}\n")
    } else {
        format!("{line}\n")
    }
}

/// The end of a comment, or an annotation.
fn is_end(before: &str) -> bool {
    before == "*/" || before.starts_with("@Throws(") && before.ends_with(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_become_internal_and_members_stay() {
        let source = "\
@Suppress(\"x\")
public interface A {
    public fun b()
}
fun<T> c() {}
private fun d() {}
internal val e = 1
data class F (
    val g: Int
)
} // public
    /**
         */ fun `h`() {}
    @Throws(Failure::class) fun `i`() {}
    @Throws(Failure::class)override fun `j`() {}
";
        let expected = "\
@Suppress(\"x\")
internal interface A {
    public fun b()
}
internal fun<T> c() {}
private fun d() {}
internal val e = 1
internal data class F (
    val g: Int
)
} // public
    /**
         */ internal fun `h`() {}
    @Throws(Failure::class) internal fun `i`() {}
    @Throws(Failure::class)override fun `j`() {}
";
        assert_eq!(internal(source), expected);
    }
}
