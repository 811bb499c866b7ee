//! Hosts that the words of a link name, with or without a scheme, however they are dressed up.

use core::net::Ipv4Addr;
use url::Url;

/// Words of one link that are looked at; a link of more is a text, and no address hides at its end.
const WORDS_MAX: usize = 200;

/// Endings of hosts beside those of countries: the old ones, and new ones that people meet. Others count where more than
/// the name says that it is a host.
const ENDINGS: &str = " com net org edu gov mil int info biz name pro mobi travel jobs museum aero coop asia cat tel post \
    io ai app dev cloud online shop site store tech xyz club top vip live life world today news blog agency digital \
    email group company solutions services support systems center finance bank money credit insurance capital \
    consulting software network host hosting website space page link click work team media studio design art \
    music video games game zone city love best one global international academy education school university \
    health care clinic doctor dental energy solar farm food restaurant pizza cafe bar beer wine fit yoga run bike car \
    cars auto taxi tours holiday flights hotel house homes property rent estate land garden kitchen fashion \
    shoes clothing jewelry gifts toys kids family events party wedding photo photos pics gallery tickets film \
    eco green ngo ong foundation charity church legal law lawyer tax accountant build builders construction engineering \
    tools supply parts equipment industries holdings ventures partners associates management marketing social \
    chat community forum wiki directory guide how tips expert review reviews exchange market markets trade trading \
    pay cash fund gold bet casino poker icu monster cyou buzz rest fun lol wtf ninja rocks cool \
    berlin hamburg koeln bayern wien london paris amsterdam nyc tokyo istanbul moscow swiss scot wales brussels \
    google microsoft amazon apple xn example onion ";

/// Countries and what counts as one (ISO 3166-1, IANA root zone).
const COUNTRIES: &str = " ac ad ae af ag al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz \
    ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga \
    gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in iq ir is it je jm jo jp ke kg \
    kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw \
    mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd \
    se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va \
    vc ve vg vi vn vu wf ws ye yt za zm zw ";

/// Endings that files have more often than hosts of two labels.
const FILES: &[&str] = &["md", "py", "ps", "sh"];
/// Endings of hosts and of files alike: where the target ends in that file, it is meant.
const HOSTS_OR_FILES: &[&str] = &["rs", "pl", "so", "cc", "in", "am", "ac", "mk", "zip", "mov", "com", "app", "ai"];

/// Whether the words name a web address, a host or a mail address that is not the target's.
pub(crate) fn misleads(words: &str, target: &str) -> bool {
    // Most links are words and nothing else.
    if words.is_ascii() && !words.contains(['.', ':']) {
        return false;
    }
    let words = undressed(words);
    let Ok(target) = Url::parse(target) else { return !words.is_empty() && words.contains('.') };
    let split = |c: char| c.is_whitespace() || "<>()[]{}\",;|".contains(c);
    words.split(split).filter(|word| word.contains(['.', ':'])).take(WORDS_MAX).any(|word| is_other(word, &target))
}

/// Words as they look to a reader: without what cannot be seen, other forms of dots, slashes and letters made plain.
fn undressed(words: &str) -> String {
    let plain = |c: char| match c {
        '。' | '｡' | '．' | '․' | '\u{fe52}' => Some('.'),
        '\\' | '⁄' | '∕' | '⧸' => Some('/'),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => None,
        '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' => None,
        other => Some(other),
    };
    words.chars().filter_map(plain).collect()
}

fn is_other(word: &str, target: &Url) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let lower = word.to_lowercase();
    let is_written_out =
        lower.contains("://") || ["www.", "http:", "https:"].iter().any(|start| lower.starts_with(start));
    if is_written_out {
        let has_scheme = lower.starts_with("http:") || lower.starts_with("https:") || lower.contains("://");
        let url = if has_scheme { lower } else { format!("https://{lower}") };
        return host_of(&url) != host(target);
    }
    match lower.rsplit_once('@').filter(|(local, _)| !local.is_empty() && !local.contains('/')) {
        Some((_, domain)) if looks_like_a_domain(domain) => is_other_address(&lower, domain, target),
        Some(_) => false,
        None => {
            let name = &word[..word.find(['/', '?', '#', ':']).unwrap_or(word.len())];
            let has_path = word[name.len()..].starts_with('/');
            is_host(name, has_path, target) && is_elsewhere(&name.to_lowercase(), target)
        }
    }
}

fn host(url: &Url) -> Option<String> {
    url.host_str().map(|host| host.trim_start_matches("www.").trim_end_matches('.').to_owned())
}

fn host_of(url: &str) -> Option<String> {
    Url::parse(url).ok().as_ref().and_then(host)
}

/// The domain of a mail target's first address.
fn mail_domain(target: &Url) -> Option<String> {
    let (_, domain) = target.path().split(',').next()?.rsplit_once('@')?;
    (target.scheme() == "mailto").then(|| domain.to_lowercase())
}

/// A mail address as words: the same address, or a page of the same domain.
fn is_other_address(address: &str, domain: &str, target: &Url) -> bool {
    match target.scheme() {
        "mailto" => !target.path().split(',').any(|to| to.trim().eq_ignore_ascii_case(address)),
        _ => is_elsewhere(domain, target),
    }
}

/// Whether a target leads to another host than this one and those below it.
fn is_elsewhere(name: &str, target: &Url) -> bool {
    let Some(named) = host_of(&format!("https://{name}")) else { return true };
    let there = host(target).or_else(|| mail_domain(target)).unwrap_or_default();
    there != named && !there.strip_suffix(&named).is_some_and(|below| below.ends_with('.'))
}

fn looks_like_a_domain(name: &str) -> bool {
    let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    let is_label = |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || "-_".contains(c));
    labels.len() > 1
        && labels.iter().all(is_label)
        && labels.last().is_some_and(|last| last.chars().count() > 1 && last.chars().any(char::is_alphabetic))
}

/// Whether a name without a scheme is one of a host and no file, version or abbreviation.
fn is_host(name: &str, has_path: bool, target: &Url) -> bool {
    if name.parse::<Ipv4Addr>().is_ok() {
        return true;
    }
    if !looks_like_a_domain(name) {
        return false;
    }
    let ending = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let lower = ending.to_lowercase();
    let is_in = |list: &str| list.contains(&format!(" {lower} "));
    // `It works.So do I`: a sentence that begins without a space.
    let begins_sentence = ending.starts_with(char::is_uppercase) && ending.ends_with(char::is_lowercase);
    if FILES.contains(&lower.as_str()) && name.matches('.').count() == 1 && !has_path {
        return false;
    }
    let file = target.path_segments().and_then(|mut segments| segments.rfind(|s| !s.is_empty())).unwrap_or_default();
    if HOSTS_OR_FILES.contains(&lower.as_str()) && file.eq_ignore_ascii_case(name) {
        return false;
    }
    let is_country = is_in(COUNTRIES) && !begins_sentence;
    let is_foreign = lower.starts_with("xn--") || !lower.is_ascii() && !begins_sentence;
    is_in(ENDINGS) || is_country || has_path && lower.chars().all(char::is_alphabetic) || is_foreign && has_path
}

#[cfg(test)]
mod tests {
    use super::misleads;

    #[test]
    fn addresses_that_are_written_out() {
        assert!(misleads("see https://bank.example/", "https://evil.example/"));
        assert!(misleads("www.bank.example", "mailto:a@bank.example"));
        assert!(misleads("https:/bank.example", "https://evil.example/"));
        assert!(misleads("https:\\\\bank.example\\login", "https://evil.example/"));
        assert!(misleads("https://sub.bank.example", "https://bank.example"));
        assert!(!misleads("https://www.bank.example", "https://bank.example/login"));
        assert!(!misleads("https:\\\\bank.example", "https://bank.example/login"));
        assert!(!misleads("the bank", "https://evil.example/"));
    }

    #[test]
    fn hosts_without_a_scheme() {
        for words in [
            "good.example",
            "Log in at Good.Example.",
            "good.example/login",
            "good。example",
            "good．example",
            "ｇｏｏｄ.example",
            "go\u{200b}od.exam\u{ad}ple",
            "(good.example)",
            "good.example:8080",
            "pay.good.co.uk",
            "good.pl",
            "good.bank",
            "good.unheardof/login",
            "10.0.0.1",
            "a@good.example",
            "Ann <ann@good.example>",
        ] {
            assert!(misleads(words, "https://evil.example/x"), "{words}");
        }
        assert!(misleads("boss@good.example", "mailto:eve@good.example"));
        assert!(misleads("good.example", "https://good.example@evil.example/"));
        assert!(misleads("good.example", "https://evil.example/good.example"));
        assert!(misleads("good.example", "mailto:eve@evil.example"));
    }

    #[test]
    fn hosts_that_are_the_targets() {
        assert!(!misleads("good.example", "https://www.good.example/login"));
        assert!(!misleads("Good.Example", "https://news.good.example/click?x"));
        assert!(!misleads("bücher.example", "https://xn--bcher-kva.example/"));
        assert!(!misleads("a@good.example", "mailto:A@good.example?subject=x"));
        assert!(!misleads("info@good.example", "https://good.example/contact"));
        assert!(!misleads("good.example", "mailto:info@good.example"));
        assert!(!misleads("good.example。", "https://good.example/"));
        assert!(misleads("good.example", "https://notgood.example/"));
    }

    #[test]
    fn ordinary_words_are_no_hosts() {
        for words in [
            "e.g. this",
            "z.B. so",
            "README.md",
            "README.md#install",
            "HTTP/2",
            "v1.2",
            "1.2.3",
            "Node.js",
            "index.html",
            "main.rs",
            "setup.py",
            "report.pdf",
            "offer_v2.final.docx",
            "It works.So do I",
            "Ph.D.",
            "and/or",
            "U.S.",
            "12.30 Uhr",
            "@ann",
            "Fix a.b() in c.d",
            "10:30",
            "Note: see below",
        ] {
            assert!(!misleads(words, "https://github.example/x/blob/main/main.rs#L3"), "{words}");
        }
    }
}
