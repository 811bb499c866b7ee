//! One reply of each mail program in HTML: what is new, what is hidden, and whose mark said so. The pages are written by us
//! after what is known of each program's markup.
#![allow(clippy::unwrap_used)]

use mail::{Format, HiddenKind, new_text};

const QUOTED: &str = "Desk asked whether it prints.";

/// The program, the name of its mark, and the page; `{q}` stands for what is quoted.
const QUOTES: &[(&str, &str, &str)] = &[
    (
        "Gmail",
        "gmail",
        r#"<div dir="ltr">Yes.</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Fri, Nov 20, 2026 at 10:00 AM Desk &lt;<a href="mailto:d@example.com">d@example.com</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{q}</blockquote></div>"#,
    ),
    (
        "Gmail of old",
        "gmail",
        r#"Yes.<div class="gmail_extra"><br><div class="gmail_quote">2016-05-03 10:00 GMT+02:00 Desk <span>&lt;d@example.com&gt;</span>:<br><blockquote class="gmail_quote">{q}</blockquote></div></div>"#,
    ),
    (
        "Gmail behind Outlook on the web",
        "gmail",
        r#"<div>Yes.</div><div class="x_gmail_quote"><div class="x_gmail_attr">On Fri Desk wrote:</div><blockquote class="x_gmail_quote">{q}</blockquote></div>"#,
    ),
    (
        "Outlook on the web",
        "outlook",
        r#"<div class="elementToProof">Yes.</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Desk &lt;d@example.com&gt;<br><b>Sent:</b> Friday</div><div>{q}</div>"#,
    ),
    (
        "Outlook on the web, twice",
        "outlook",
        r#"<div>Yes.</div><div id="x_x_divRplyFwdMsg"><b>Von:</b> Desk</div><div>{q}</div>"#,
    ),
    (
        "Hotmail",
        "outlook",
        r#"<div>Yes.<br><hr id="stopSpelling">From: d@example.com<br>To: b@example.org<br>Subject: Printer<br><br>{q}</div>"#,
    ),
    (
        "Hotmail's prefix",
        "outlook",
        r#"<div>Yes.</div><div id="ecxdivRplyFwdMsg">From: d@example.com</div><div>{q}</div>"#,
    ),
    (
        "Outlook, new",
        "outlook",
        r#"<div>Yes.</div><div id="mail-editor-reference-message-container"><div><b>From:</b> Desk</div>{q}</div>"#,
    ),
    (
        "Outlook for Windows",
        "outlook",
        r#"<div class="WordSection1"><p class="MsoNormal">Yes.</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>From:</b> Desk &lt;d@example.com&gt;<br><b>Sent:</b> Friday</p></div></div><p class="MsoNormal">{q}</p></div>"#,
    ),
    (
        "Outlook 2003",
        "outlook",
        r#"<p class="MsoNormal">Yes.</p><div class="MsoNormal" align="center" style="text-align:center"><hr size="2" width="100%" align="center" tabindex="-1"></div><p class="MsoNormal"><b>From:</b> Desk<br><b>Sent:</b> Friday</p><p>{q}</p>"#,
    ),
    (
        "Outlook Express",
        "outlook",
        r#"<div>Yes.</div><div class="OutlookMessageHeader"><b>From:</b> Desk</div><div>{q}</div>"#,
    ),
    (
        "Outlook for Mac",
        "outlook",
        r#"<div>Yes.</div><span id="OLK_SRC_BODY_SECTION"><div><b>From: </b>Desk</div>{q}</span>"#,
    ),
    (
        "Outlook on a telephone",
        "outlook",
        r#"<div>Yes.</div><div id="ms-outlook-mobile-signature">Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div><hr tabindex="-1" style="display:inline-block; width:98%"><div id="divRplyFwdMsg"><b>From:</b> Desk</div>{q}"#,
    ),
    (
        "Apple Mail",
        "cite",
        r#"<div>Yes.</div><div><blockquote type="cite"><div>On 20 Nov 2026, at 10:00, Desk &lt;d@example.com&gt; wrote:</div><br><div>{q}</div></blockquote></div>"#,
    ),
    (
        "Thunderbird",
        "thunderbird",
        r#"<p>Yes.</p><div class="moz-cite-prefix">Am 20.11.26 um 10:00 schrieb Desk:<br></div><blockquote type="cite" cite="mid:x@example.com">{q}</blockquote>"#,
    ),
    (
        "Yahoo",
        "yahoo",
        r#"<div>Yes.</div><div id="ydp12yahoo_quoted_3456" class="ydp12yahoo_quoted"><div>On Friday, Desk wrote:</div><div>{q}</div></div>"#,
    ),
    (
        "Proton",
        "proton",
        r#"<div>Yes.</div><div class="protonmail_quote">On Friday, November 20th, 2026 at 10:00, Desk &lt;d@example.com&gt; wrote:<br><blockquote type="cite">{q}</blockquote></div>"#,
    ),
    (
        "Zimbra",
        "zimbra",
        r#"<div>Yes.</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>From: </b>"Desk"</div><div data-marker="__QUOTED_TEXT__">{q}</div>"#,
    ),
    (
        "Windows Mail",
        "windows_mail",
        r#"<div>Yes.</div><div style="padding-top: 5px; border-top-color: rgb(229, 229, 229); border-top-width: 1px; border-top-style: solid;"><b>From:</b> Desk</div><div>{q}</div>"#,
    ),
    (
        "GMX",
        "gmx",
        r#"<div>Yes.</div><div name="quote" style="margin:10px 5px 5px 10px"><div><b>Gesendet:</b> Freitag<br><b>Von:</b> Desk</div><div name="quoted-content">{q}</div></div>"#,
    ),
    (
        "Spark",
        "spark",
        r#"<div name="messageBodySection">Yes.</div><div name="messageReplySection">On 20 Nov 2026, 10:00 +0100, Desk wrote:<br><blockquote type="cite">{q}</blockquote></div>"#,
    ),
    (
        "Newton",
        "newton",
        r#"<div>Yes.</div><div id="cm_replymail_content_wrap"><div id="cm_replymail_content_12">On Friday Desk wrote:<blockquote>{q}</blockquote></div></div>"#,
    ),
    (
        "Front",
        "front",
        r#"<div>Yes.</div><div>On Friday, Desk &lt;d@example.com&gt; wrote at 10:00:</div><blockquote type="cite" class="front-blockquote">{q}</blockquote>"#,
    ),
    (
        "Zoho",
        "zoho",
        r#"<div>Yes.</div><div class="zmail_extra"><div>---- On Fri, 20 Nov 2026 Desk wrote ---</div><blockquote>{q}</blockquote></div>"#,
    ),
    (
        "Tuta",
        "tuta",
        r#"<div>Yes.</div><div>20.11.2026, 10:00 von d@example.com:</div><blockquote class="tutanota_quote">{q}</blockquote>"#,
    ),
    (
        "QQ",
        "netease_or_qq",
        r#"<div>Yes.</div><div id="isReplyContent"><div>------------------ 原始邮件 ------------------</div><div>{q}</div></div>"#,
    ),
    (
        "NetEase",
        "netease_or_qq",
        r#"<div>Yes.</div><div class="ntes-mailmaster-quote"><div>在2026年11月20日 10:00,Desk 写道:</div><blockquote>{q}</blockquote></div>"#,
    ),
    (
        "Roundcube",
        "roundcube",
        r#"<p>Yes.</p><p id="reply-intro">Am 20.11.2026 10:00, schrieb Desk:</p><blockquote type="cite">{q}</blockquote>"#,
    ),
    (
        "Mail.ru",
        "mail_ru",
        r#"<div>Yes.</div><div class="mail-quote-collapse"><blockquote>Пятница, 20 ноября 2026, 10:00 +03:00 от Desk &lt;d@example.com&gt;:<br>{q}</blockquote></div>"#,
    ),
    (
        "Yandex",
        "attribution_and_quote_signs",
        r#"<div>Yes.</div><div>20.11.2026, 10:00, "Desk" &lt;d@example.com&gt;:</div><blockquote><p>{q}</p></blockquote>"#,
    ),
    ("BlackBerry", "blackberry", r#"<div>Yes.</div><div id="_originalContent"><div><b>From:</b> Desk</div>{q}</div>"#),
    (
        "Missive",
        "missive",
        r#"<div>Yes.</div><div class="missive_quote">On Friday Desk wrote:<blockquote>{q}</blockquote></div>"#,
    ),
    (
        "Notes",
        "mail_header",
        r#"<font size="2">Yes.</font><br><br><font size="1" color="gray">From: &nbsp; &nbsp; Desk/Example</font><br><font size="1" color="gray">To: &nbsp; Bob/Example</font><br><font size="1">Date: &nbsp; 11/20/2026 10:00 AM</font><br><font size="1">Subject: &nbsp; Printer</font><br><hr noshade><br><font size="2">{q}</font>"#,
    ),
];

/// The program, the name of its mark, and the page, which ends in a signature `Bob of Example`.
const SIGNATURES: &[(&str, &str, &str)] = &[
    (
        "Gmail",
        "gmail",
        r#"<div>Yes.</div><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">Bob of Example</div>"#,
    ),
    ("Outlook", "outlook", r#"<div>Yes.</div><div id="Signature"><p>Bob of Example</p></div>"#),
    ("Apple Mail", "apple_mail", r#"<div>Yes.</div><div id="AppleMailSignature">Bob of Example</div>"#),
    ("Thunderbird", "thunderbird", r#"<p>Yes.</p><pre class="moz-signature" cols="72">Bob of Example</pre>"#),
    ("Proton", "proton", r#"<div>Yes.</div><div class="protonmail_signature_block"><div>Bob of Example</div></div>"#),
    ("Yahoo", "yahoo", r#"<div>Yes.</div><div id="ymail_android_signature">Bob of Example</div>"#),
    (
        "Spark",
        "spark",
        r#"<div name="messageBodySection">Yes.</div><div name="messageSignatureSection">Bob of Example</div>"#,
    ),
    ("Front", "front", r#"<div>Yes.</div><div class="front-signature">Bob of Example</div>"#),
    ("Newton", "newton", r#"<div>Yes.</div><div id="cm_footer">Bob of Example</div>"#),
    ("Zoho", "zoho", r#"<div>Yes.</div><div id="Zm-_Id_-Sgn1">Bob of Example</div>"#),
    ("Samsung", "samsung", r#"<div>Yes.</div><div id="composer_signature">Bob of Example</div>"#),
];

#[test]
fn each_program_marks_what_it_quotes() {
    for (program, mark, page) in QUOTES {
        let reply = new_text(Format::Html, page.replace("{q}", QUOTED).as_bytes());
        assert_eq!(reply.visible, "Yes.", "{program}: {reply:#?}");
        let quote = reply.hidden.iter().find(|piece| piece.text.contains(QUOTED));
        let quote = quote.unwrap_or_else(|| panic!("{program}: {reply:#?}"));
        assert_eq!((quote.kind, quote.why.as_str()), (HiddenKind::Quote, *mark), "{program}: {reply:#?}");
        assert!(quote.confirmed, "{program}: {reply:#?}");
    }
}

#[test]
fn each_program_marks_its_signature() {
    for (program, mark, page) in SIGNATURES {
        let reply = new_text(Format::Html, page.as_bytes());
        assert_eq!(reply.visible, "Yes.", "{program}: {reply:#?}");
        let signature = reply.hidden.iter().find(|piece| piece.text.contains("Bob of Example"));
        let signature = signature.unwrap_or_else(|| panic!("{program}: {reply:#?}"));
        assert_eq!((signature.kind, signature.why.as_str()), (HiddenKind::Signature, *mark), "{program}");
    }
}

#[test]
fn the_senders_own_indenting_is_no_quote() {
    let page = "<p>Two steps:</p><blockquote style=\"margin:0 0 0 40px;border:none;padding:0\">Open it. Close it.</blockquote><p>Then call.</p>";
    assert!(new_text(Format::Html, page.as_bytes()).hidden.is_empty());
}

/// What stands below a marked quote says nothing about the quote: a footer, a greeting or a dot stays visible alone.
#[test]
fn a_footer_below_a_marked_quote_leaves_it_folded() {
    const WROTE: &str = "On Monday, May 3, 2026 at 9:00, Desk &lt;d@example.com&gt; wrote:";
    const MARKS: &[&str] = &[
        r#"<div class="gmail_quote"><div class="gmail_attr">{w}<br></div><blockquote class="gmail_quote">{q}</blockquote></div>"#,
        r#"<blockquote type="cite"><div>{w}</div><br><div>{q}</div></blockquote>"#,
        r#"<div class="moz-cite-prefix">{w}</div><blockquote type="cite">{q}</blockquote>"#,
        r#"<div class="yahoo_quoted"><div>{w}</div><div>{q}</div></div>"#,
        r#"<div class="protonmail_quote">{w}<br><blockquote type="cite">{q}</blockquote></div>"#,
    ];
    for below in ["<p>Thanks, Ann</p>", "<p>.</p>", "<p>One.</p><p>Two.</p><p>Three.</p><p>Four.</p><p>Five.</p>"] {
        for mark in MARKS {
            let page = format!("<div>Yes.</div><br>{mark}{below}").replace("{w}", WROTE).replace("{q}", QUOTED);
            let reply = new_text(Format::Html, page.as_bytes());
            let shown: Vec<&str> = reply.visible.split_whitespace().collect();
            let footer = below.replace("<p>", " ").replace("</p>", " ");
            let wanted = format!("Yes. {footer}");
            assert_eq!(shown, wanted.split_whitespace().collect::<Vec<_>>(), "{page}");
            assert!(reply.hidden.iter().all(|piece| piece.confirmed && piece.kind == HiddenKind::Quote), "{page}");
        }
    }
}
