//! Files in the middle of plain text: uuencode, as POSIX writes it and mail before MIME used it.

use std::ops::Range;

/// A file that was found in a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// From the `begin` line to the end of the `end` line, line break included.
    pub range: Range<usize>,
    /// As it stood, in the charset of the text.
    pub name: Range<usize>,
    pub data: Vec<u8>,
    /// The text ended before the file did.
    pub is_cut: bool,
}

/// Bytes of a full line: forty-five, which begin with an `M`.
const FULL_LINE_BYTES: usize = 45;

/// Full lines after which a file that has no end is one all the same.
const LINES_OF_CUT_FILE_MIN: usize = 2;

/// Words and files of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub blocks: Vec<Block>,
    /// Something begins like a file and cannot be read as one; it stays in the text.
    pub is_damaged: bool,
}

/// The files in a text, at most `blocks_max` of them and one more. Linear: no `begin` line can be a line of data.
///
/// A text that only talks about such files holds none: every line from `begin` to `end` has to be data, and data has
/// no lower-case letters.
pub(crate) fn find(text: &[u8], blocks_max: usize) -> Found {
    let mut found = Found::default();
    let mut at = 0;
    while at < text.len() && found.blocks.len() <= blocks_max {
        let end = line_end(text, at);
        let Some(name) = begin(&text[at..end]) else {
            at = end;
            continue;
        };
        match read(text, end) {
            Ok(mut block) => {
                block.range.start = at;
                block.name = at + name.start..at + name.end;
                at = block.range.end;
                found.blocks.push(block);
            }
            Err(lines) => {
                found.is_damaged |= lines >= LINES_OF_CUT_FILE_MIN;
                at = end;
            }
        }
    }
    found
}

/// The file that a body is, when it is one and nothing else but white space.
pub(crate) fn whole(body: &[u8]) -> Option<Block> {
    let block = find(body, 0).blocks.into_iter().next()?;
    let is_blank = |range: Range<usize>| body[range].iter().all(u8::is_ascii_whitespace);
    (is_blank(0..block.range.start) && is_blank(block.range.end..body.len())).then_some(block)
}

/// Where the name stands in `begin 644 name`; `None` for any other line.
fn begin(line: &[u8]) -> Option<Range<usize>> {
    const BEGIN: &[u8] = b"begin ";
    let rest = line.strip_prefix(BEGIN)?;
    let digits = rest.iter().take_while(|b| matches!(b, b'0'..=b'7')).count();
    if !(3..=4).contains(&digits) || rest.get(digits) != Some(&b' ') {
        return None;
    }
    let name = rest[digits..].trim_ascii();
    let start = BEGIN.len() + digits + (rest[digits..].len() - rest[digits..].trim_ascii_start().len());
    (!name.is_empty()).then(|| start..start + name.len())
}

/// What one line adds.
enum Line {
    /// Data, and whether the line is as long as it says.
    Data {
        bytes: usize,
        is_exact: bool,
    },
    /// No data, which is what the last line before `end` says.
    Nothing,
    End,
}

/// Reads lines of data from `start`; where they are none, how many full ones there were.
fn read(text: &[u8], start: usize) -> Result<Block, usize> {
    let mut data = Vec::new();
    let (mut exact_lines, mut full_lines, mut is_over) = (0, 0, false);
    let mut at = start;
    while at < text.len() {
        let end = line_end(text, at);
        match line(&text[at..end], &mut data) {
            Some(Line::End) if is_over || exact_lines > 0 => {
                return Ok(Block { range: start..end, name: 0..0, data, is_cut: false });
            }
            Some(Line::Data { bytes, is_exact }) if !is_over => {
                exact_lines += usize::from(is_exact);
                full_lines += usize::from(is_exact && bytes == FULL_LINE_BYTES);
            }
            // An empty line alone says nothing: a blank line after the words `begin 644 x` is one, too.
            Some(Line::Nothing) => is_over |= exact_lines > 0 || !text[at..end].trim_ascii().is_empty(),
            _ => return Err(full_lines),
        }
        at = end;
    }
    if full_lines < LINES_OF_CUT_FILE_MIN {
        return Err(full_lines);
    }
    Ok(Block { range: start..at, name: 0..0, data, is_cut: true })
}

/// Reads one line and adds its bytes to `data`; `None` for what is no line of a file.
fn line(line: &[u8], data: &mut Vec<u8>) -> Option<Line> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.trim_ascii_end() == b"end" {
        return Some(Line::End);
    }
    let Some((&first, rest)) = line.split_first() else { return Some(Line::Nothing) };
    if !line.iter().all(|b| (b' '..=b'`').contains(b)) {
        return None;
    }
    let bytes = value(first);
    if bytes == 0 {
        return rest.trim_ascii().is_empty().then_some(Line::Nothing);
    }
    // Some writers fill up to four characters, some do not, some add one to check; spaces get lost or added on the way.
    let chars = bytes.div_ceil(3) * 4;
    let needed = (bytes * 8).div_ceil(6);
    let rest = if rest.len() > chars + 1 { &rest[..rest.trim_ascii_end().len().max(chars)] } else { rest };
    if rest.len() > chars + 1 {
        return None;
    }
    let mut left = bytes;
    for n in 0..chars / 4 {
        let bits = (0..4).fold(0u32, |bits, i| bits << 6 | rest.get(n * 4 + i).map_or(0, |&c| value(c) as u32));
        let kept = left.min(3);
        data.extend_from_slice(&bits.to_be_bytes()[1..=kept]);
        left -= kept;
    }
    Some(Line::Data { bytes, is_exact: rest.len() >= needed })
}

/// Six bits; a back-quote stands for the space.
fn value(c: u8) -> usize {
    usize::from(c.wrapping_sub(b' ') & 0x3f)
}

fn line_end(text: &[u8], at: usize) -> usize {
    crate::field::line_end(text, at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const CAT: &str = "begin 644 cat.txt\n#0V%T\n`\nend\n";

    fn encoded(data: &[u8]) -> String {
        let digit = |n: u32| if n == 0 { '`' } else { char::from(b' ' + n as u8) };
        let mut out = String::from("begin 644 a b.bin\r\n");
        for line in data.chunks(FULL_LINE_BYTES) {
            out.push(digit(line.len() as u32));
            for piece in line.chunks(3) {
                let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(piece.get(i).copied().unwrap_or(0)));
                out.extend([18, 12, 6, 0].map(|shift| digit(bits >> shift & 0x3f)));
            }
            out.push_str("\r\n");
        }
        out + "`\r\nend\r\n"
    }

    #[test]
    fn a_file_is_taken_out_of_its_text() {
        let text = format!("See:\n{CAT}Bye\n");
        let found = find(text.as_bytes(), 10).blocks;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].data, b"Cat");
        assert_eq!(&text[found[0].name.clone()], "cat.txt");
        assert_eq!(&text[found[0].range.clone()], CAT);
    }

    #[test]
    fn files_of_every_length_come_back() {
        for length in [0, 1, 2, 3, 44, 45, 46, 1000] {
            let data: Vec<u8> = (0..length).map(|n| (n * 7) as u8).collect();
            let text = encoded(&data);
            let block = whole(text.as_bytes()).unwrap();
            assert_eq!((block.data, &text[block.name]), (data.clone(), "a b.bin"), "{length}");
            let spaces = text.replace('`', " ").lines().map(|l| l.trim_end().to_owned() + "\n").collect::<String>();
            // A line that was nothing but spaces leaves nothing to know it by.
            if length > 3 {
                assert_eq!(whole(spaces.as_bytes()).map(|b| b.data), Some(data), "{length}, spaces lost");
            }
        }
    }

    #[test]
    fn talk_about_files_is_text() {
        for text in [
            "begin 644 cat.txt\nThis is how such a file begins, and then comes\nend\n",
            "begin 644 cat.txt\n",
            "begin 644 cat.txt\n\nend\n",
            "begin 644\n#0V%T\n`\nend\n",
            "begin 9xx cat.txt\n#0V%T\n`\nend\n",
            "begin with a word\nend\n",
            "begin 644 cat.txt\nSHORT\nend\n",
            "begin 644 cat.txt\n#0V%T\n",
            " begin 644 cat.txt\n#0V%T\n`\nend\n",
        ] {
            assert_eq!(find(text.as_bytes(), 10), Found::default(), "{text}");
        }
    }

    #[test]
    fn cut_and_damaged_files() {
        let data = vec![b'x'; 450];
        let text = encoded(&data);
        for end in 0..text.len() {
            let found = find(&text.as_bytes()[..end], 10);
            assert!(found.blocks.iter().all(|b| b.is_cut || b.data == data), "{end}");
        }
        assert!(find(&text.as_bytes()[..300], 10).blocks[0].is_cut);
        let damaged = find(text.replacen("\r\nM", "\r\nm", 5).replacen("\r\nm", "\r\nM", 3).as_bytes(), 10);
        assert_eq!((damaged.blocks.len(), damaged.is_damaged), (0, true));
        assert_eq!(whole(format!("words\n{text}").as_bytes()), None);
    }

    #[test]
    fn no_more_than_the_limit() {
        assert_eq!(find(CAT.repeat(100).as_bytes(), 3).blocks.len(), 4);
    }
}
