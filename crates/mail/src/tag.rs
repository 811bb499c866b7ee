//! The elements of HTML that reading a mail knows apart, and what holds for each (WHATWG HTML, sections 4 and 13).

macro_rules! tags {
    ($($tag:ident = $word:literal),* $(,)?) => {
        /// An element's name; every name that means nothing to a reader is `Other`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Tag { $($tag,)* Other }

        impl Tag {
            /// The tag of a name in lower case.
            pub(super) fn of_lower(name: &[u8]) -> Tag {
                $(const $tag: &[u8] = $word.as_bytes();)*
                match name { $($tag => Tag::$tag,)* _ => Tag::Other }
            }

            /// The name in lower case; empty for `Other`.
            pub fn word(self) -> &'static str {
                match self { $(Tag::$tag => $word,)* Tag::Other => "" }
            }
        }
    };
}

// Constants inside the macro are named like the variants, which are camel case.
#[allow(non_upper_case_globals)]
mod names {
    tags! {
        A = "a", Abbr = "abbr", Address = "address", Applet = "applet", Area = "area", Article = "article",
        Aside = "aside", Audio = "audio", B = "b", Base = "base", Big = "big", Blockquote = "blockquote", Body = "body",
        Br = "br", Canvas = "canvas", Caption = "caption", Center = "center", Cite = "cite", Code = "code", Col = "col",
        Datalist = "datalist", Dd = "dd", Del = "del", Details = "details", Div = "div", Dl = "dl", Dt = "dt",
        Em = "em", Embed = "embed", Fieldset = "fieldset", Figcaption = "figcaption", Figure = "figure",
        Footer = "footer", Form = "form", Frame = "frame", H1 = "h1", H2 = "h2", H3 = "h3", H4 = "h4", H5 = "h5", H6 = "h6",
        Head = "head", Header = "header", Hr = "hr", Html = "html", I = "i", Iframe = "iframe", Img = "img",
        Input = "input", Ins = "ins", Kbd = "kbd", Li = "li", Link = "link", Main = "main", Mark = "mark", Math = "math",
        Meta = "meta", Nav = "nav", Noembed = "noembed", Noframes = "noframes", Object = "object", Ol = "ol",
        Option = "option", P = "p", Param = "param", Pre = "pre", Q = "q", S = "s", Samp = "samp", Script = "script",
        Section = "section", Select = "select", Small = "small", Source = "source", Span = "span", Strike = "strike",
        Strong = "strong", Style = "style", Sub = "sub", Summary = "summary", Sup = "sup", Svg = "svg", Table = "table",
        Tbody = "tbody", Td = "td", Template = "template", Textarea = "textarea", Tfoot = "tfoot", Th = "th",
        Thead = "thead", Title = "title", Tr = "tr", Track = "track", Tt = "tt", U = "u", Ul = "ul", Var = "var",
        Video = "video", Wbr = "wbr", Xmp = "xmp",
    }
}

pub(crate) use names::Tag;

/// The longest name that is not `Other`.
const NAME_BYTES_MAX: usize = 10;

impl Tag {
    /// The tag of a name in any case.
    pub fn of(name: &str) -> Tag {
        let mut lower = [0; NAME_BYTES_MAX];
        match lower.get_mut(..name.len()) {
            Some(lower) => {
                lower.copy_from_slice(name.as_bytes());
                lower.make_ascii_lowercase();
                Tag::of_lower(lower)
            }
            None => Tag::Other,
        }
    }

    /// Has no content and no end (section 13.1.2).
    pub fn is_void(self) -> bool {
        use Tag::*;
        matches!(
            self,
            Area | Base | Br | Col | Embed | Hr | Img | Input | Link | Meta | Param | Source | Track | Wbr | Frame
        )
    }

    /// Its content is no markup, up to its own end.
    pub fn is_raw_text(self) -> bool {
        use Tag::*;
        matches!(self, Script | Style | Title | Iframe | Noembed | Noframes | Xmp | Textarea)
    }

    /// No reader sees it, content included. What stands in an object, a film or a canvas is for those who do not get that,
    /// and no mail program shows it.
    pub fn is_unseen(self) -> bool {
        use Tag::*;
        matches!(
            self,
            Head | Script | Style | Title | Template | Svg | Math | Embed | Iframe | Noembed | Noframes | Datalist
        )
    }

    /// What is in it is of another language, which no mail shows (section 13.2.6.5).
    pub fn is_foreign(self) -> bool {
        matches!(self, Tag::Svg | Tag::Math)
    }

    /// Its start ends an open drawing or formula (section 13.2.6.5).
    pub fn ends_foreign(self, name: &str) -> bool {
        use Tag::*;
        self.is_heading()
            || matches!(self, B | Big | Blockquote | Body | Br | Center | Code | Dd | Div | Dl | Dt | Em | Embed | Head)
            || matches!(self, Hr | I | Img | Li | Meta | Ol | P | Pre | S | Small | Span | Strong | Strike | Sub | Sup)
            || matches!(self, Table | Tt | U | Ul | Var)
            || ["font", "listing", "menu", "nobr", "ruby"].iter().any(|other| other.eq_ignore_ascii_case(name))
    }

    pub fn is_heading(self) -> bool {
        use Tag::*;
        matches!(self, H1 | H2 | H3 | H4 | H5 | H6)
    }

    /// A part of a table that stands in it and not in a cell.
    pub fn is_table_part(self) -> bool {
        use Tag::*;
        matches!(self, Caption | Thead | Tbody | Tfoot | Tr | Td | Th)
    }

    pub fn is_cell(self) -> bool {
        matches!(self, Tag::Td | Tag::Th)
    }

    /// Its start ends an open paragraph (section 13.2.6.4.7).
    pub fn ends_paragraph(self) -> bool {
        use Tag::*;
        self.is_heading()
            || self.is_table_part()
            || matches!(
                self,
                Address
                    | Article
                    | Aside
                    | Blockquote
                    | Center
                    | Dd
                    | Details
                    | Div
                    | Dl
                    | Dt
                    | Fieldset
                    | Figcaption
                    | Figure
                    | Footer
                    | Form
                    | Header
                    | Hr
                    | Li
                    | Main
                    | Nav
                    | Ol
                    | P
                    | Pre
                    | Section
                    | Summary
                    | Table
                    | Ul
                    | Xmp
            )
    }

    /// An element through which the start of a list item does not end an outer one (section 13.2.4.2).
    pub fn is_item_wall(self) -> bool {
        self.ends_paragraph() && !matches!(self, Tag::Address | Tag::Div | Tag::P) || self == Tag::Body
    }

    /// Stands on lines of its own; and whether an empty line surrounds it.
    pub fn block(self) -> Option<bool> {
        use Tag::*;
        match self {
            Article | Aside | Blockquote | Dl | Figure | H1 | H2 | H3 | H4 | H5 | H6 | Hr | Ol | P | Pre | Section
            | Table | Ul | Xmp => Some(true),
            Address | Body | Caption | Center | Dd | Details | Div | Dt | Fieldset | Figcaption | Footer | Form
            | Header | Html | Li | Main | Nav | Option | Summary | Tbody | Td | Tfoot | Th | Thead | Tr => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tag;

    #[test]
    fn names_are_known_in_any_case() {
        for (name, tag) in
            [("BlockQuote", Tag::Blockquote), ("h1", Tag::H1), ("o:p", Tag::Other), ("", Tag::Other), ("A", Tag::A)]
        {
            assert_eq!(Tag::of(name), tag, "{name}");
        }
        assert_eq!(Tag::of("figcaption").word(), "figcaption");
    }
}
