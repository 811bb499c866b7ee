//! Colours that everybody can read: every text on every ground of the style sheet, in both schemes (WCAG 2.2, 1.4.3).

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../../assets/style.css");
/// Level AA for text of normal size.
const CONTRAST_MIN: f64 = 4.5;
/// For the borders of controls and the ring of the focus (1.4.11).
const EDGE_CONTRAST_MIN: f64 = 3.0;

/// The colours of one `:root` block by name.
fn colours(block: &str) -> BTreeMap<&str, [f64; 3]> {
    let declarations = block.split('}').next().unwrap().split(';');
    let named = declarations.filter_map(|declaration| declaration.trim().strip_prefix("--")?.split_once(": #"));
    named.map(|(name, hex)| (name, [0, 2, 4].map(|at| channel(&hex[at..at + 2])))).collect()
}

fn channel(hex: &str) -> f64 {
    let value = f64::from(u8::from_str_radix(hex, 16).unwrap()) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let light = |[r, g, b]: [f64; 3]| 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    let (one, other) = (light(one), light(other));
    one.max(other) / one.min(other)
}

#[test]
fn every_text_can_be_read_on_its_ground() {
    let blocks: Vec<_> = STYLE.split(":root {").skip(1).map(colours).collect();
    assert_eq!(blocks.len(), 2, "light and dark");
    let plain = ["ground", "paper", "wash"];
    let mut pairs = vec![("accent-ink", "accent"), ("ink", "warm-wash"), ("warm", "warm-wash"), ("ink", "bad-wash")];
    pairs.extend(["calm", "good", "bad"].map(|text| {
        (
            text,
            match text {
                "calm" => "calm-wash",
                "good" => "good-wash",
                _ => "bad-wash",
            },
        )
    }));
    for text in ["ink", "soft", "link", "calm", "good", "warm", "bad"] {
        pairs.extend(plain.map(|ground| (text, ground)));
    }
    for colours in &blocks {
        for (text, ground) in &pairs {
            let found = contrast(colours[text], colours[ground]);
            assert!(found >= CONTRAST_MIN, "{text} on {ground}: {found:.2}");
        }
        for (edge, ground) in [("soft", "paper"), ("link", "paper"), ("link", "ground"), ("link", "wash")] {
            assert!(contrast(colours[edge], colours[ground]) >= EDGE_CONTRAST_MIN, "{edge} on {ground}");
        }
    }
}
