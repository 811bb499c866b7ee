//! Issue keys as text: `DEMO-7` is the seventh key that the project `DEMO` gave out.

/// The `n` keys that the project gives out after `highest_key`, in order.
///
/// `keys_after("DEMO-7", 2)` is `DEMO-8`, `DEMO-9`. For a project without issues start from `DEMO-0`. Empty for text
/// that is no key; shorter than `n` where the numbers end. Keys are never given out twice, so a hole (a deleted issue)
/// says nothing about the keys behind it.
pub fn keys_after(highest_key: &str, n: u32) -> Vec<String> {
    let Some((project, number)) = highest_key.rsplit_once('-') else { return Vec::new() };
    let Ok(number) = number.parse::<u64>() else { return Vec::new() };
    if project.is_empty() {
        return Vec::new();
    }
    (1..=u64::from(n)).map_while(|step| number.checked_add(step)).map(|next| format!("{project}-{next}")).collect()
}

#[cfg(test)]
mod tests {
    use super::keys_after;

    #[test]
    fn counts_on_from_the_highest_key() {
        assert_eq!(keys_after("DEMO-7", 3), ["DEMO-8", "DEMO-9", "DEMO-10"]);
        assert_eq!(keys_after("A_B-0", 1), ["A_B-1"]);
    }

    #[test]
    fn text_that_is_no_key_has_no_successors() {
        for text in ["", "DEMO", "-7", "DEMO-", "DEMO-x", "DEMO--", "7"] {
            assert_eq!(keys_after(text, 3), Vec::<String>::new(), "{text:?}");
        }
        assert_eq!(keys_after("DEMO-18446744073709551614", 3), ["DEMO-18446744073709551615"]);
    }
}
