//! What is read out of RTF.
use super::*;

fn text(rtf: &str) -> String {
    match read(rtf.as_bytes()) {
        Said::Text(text) => text,
        Said::Html(html) => panic!("HTML: {html}"),
    }
}

fn html(rtf: &str) -> String {
    match read(rtf.as_bytes()) {
        Said::Html(html) => html,
        Said::Text(text) => panic!("text: {text}"),
    }
}

#[test]
fn text_without_what_is_no_text() {
    let rtf = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}}{\colortbl ;\red255\green0\blue0;}
{\*\generator Riched20;}{\info{\title Secret}}{\stylesheet{\s0 Normal;}}\uc1\pard\f0 Gr\'fc\'dfe\par
\b bold\b0\tab and \{braces\}\line{\pict\wmetafile8 0102}{\v unseen}\emdash \ldblquote x\rdblquote\~y\par}
trailing";
    assert_eq!(text(rtf), "Grüße\nbold\tand {braces}\n—“x”\u{a0}y\n");
}

#[test]
fn characters_by_number_and_their_fallbacks() {
    assert_eq!(text(r"{\rtf1\uc1 a\u8364?b\u-10179?\u-8704?c{\uc2\u228 ae}d\u228\'e4e}"), "a€b😀cädäe");
    assert_eq!(text(r"{\rtf1\uc0 \u228 x\u55357 y}"), "äxy");
}

#[test]
fn fonts_bring_their_charsets() {
    let rtf = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204{\*\fname A;}B;}{\f2\fcharset2 S;}
{\f3\fcharset128 M;}}\f0 \'e9 \f1\'ef\'f0\'e8\f0 \'e9 {\f2\'b7} \f3\'83\'65\'83X\'83g}";
    assert_eq!(text(rtf), "é приé • テスト");
}

#[test]
fn links_say_where_they_lead() {
    let rtf = |code: &str, shown: &str| {
        format!(r"{{\rtf1 {{\field{{\*\fldinst{{HYPERLINK {code}}}}}{{\fldrslt{{\ul {shown}}}}}}}!}}")
    };
    assert_eq!(text(&rtf("\"https://a.example/\"", "here")), "here <https://a.example/>!");
    assert_eq!(text(&rtf("\"mailto:jo@a.example\"", "jo@a.example")), "jo@a.example!");
    assert_eq!(text(&rtf("\"file:///etc/passwd\"", "here")), "here!");
}

#[test]
fn html_is_taken_out_of_its_wrapping() {
    let rtf = r#"{\rtf1\ansi\ansicpg1251\fromhtml1 \deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}}
{\*\htmltag19 <html>}{\*\htmltag64 <p class="MsoNormal">}\htmlrtf {\htmlrtf0 \'cf\'f0 {\*\htmltag84 <b>}\htmlrtf {\b\htmlrtf0 1 < 2
{\*\htmltag92 </b>}\htmlrtf }\htmlrtf0 {\*\htmltag84 &nbsp;}\htmlrtf \'a0\htmlrtf0 \u8364?{\*\mhtmltag84 <img src="cid:x">}
{\*\htmltag72 </p>}\htmlrtf\par}\htmlrtf0 {\*\htmltag27 </html>}}"#;
    assert_eq!(html(rtf), r#"<html><p class="MsoNormal">Пр <b>1 &lt; 2</b>&nbsp;€</p></html>"#);
}

#[test]
fn text_is_taken_out_of_its_wrapping() {
    let rtf = r"{\rtf1\ansi\ansicpg1252\fromtext\deff0{\fonttbl{\f0\fswiss Arial;}}\uc1\pard\plain\f0 Hi,\par
\htmlrtf not this\htmlrtf0 \par two  blanks\par}";
    assert_eq!(text(rtf), "Hi,\n\ntwo  blanks\n");
}

#[test]
fn depth_is_bounded_and_nothing_is_lost_by_it() {
    let deep = format!(r"{{\rtf1 {}in{} out}}", "{\\b ".repeat(100_000), "}".repeat(100_000));
    assert_eq!(text(&deep), "in out");
    let unseen = format!(r"{{\rtf1 {}{{\pict x}}in{}", "{".repeat(1_000), "}".repeat(1_000));
    assert_eq!(text(&unseen), "xin");
    assert_eq!(text(&"{".repeat(1_000_000)), "");
    assert_eq!(text(&"}".repeat(1_000_000)), "");
}

#[test]
fn cut_anywhere_it_is_read() {
    let rtf = br"{\rtf1\ansi\ansicpg932\fromhtml1{\fonttbl{\f0\fcharset128 M;}}{\*\htmltag64 <p>}\f0\'83\'65\u-10179?\u-8704?\bin3 abc}";
    for end in 0..rtf.len() {
        read(&rtf[..end]);
    }
}
