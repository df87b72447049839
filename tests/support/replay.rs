//! A trace of imap_get_trace() as a script for the scripted server: what the client had said it must say again, and what
//! the server had said it says again. The bytes of literals are not in a trace: any others of their number stand for them.

/// The script that plays the server's side of `trace`.
pub fn script(trace: &str) -> String {
    let mut script = String::new();
    let mut tags: Vec<&str> = Vec::new();
    let mut literal = [0, 0];
    for line in trace.lines() {
        let (_, line) = line.split_once(' ').expect("a time");
        let (mark, line) = line.split_at(2);
        let line = line.strip_prefix(' ').unwrap_or(line);
        match mark {
            "C:" => {
                let is_rest = std::mem::take(&mut literal[0]) > 0;
                match line.split_once(' ').filter(|_| !is_rest) {
                    Some((tag, rest)) => {
                        script.push_str(&format!("C: {rest}\n"));
                        tags.push(tag);
                    }
                    None => script.push_str(&format!("c: {line}\n")),
                }
                if let Some(size) = size_at_end(line) {
                    literal[0] = 1;
                    script.push_str(&format!("L: {size}\n"));
                }
            }
            "S:" => {
                let tag = line.split(' ').next().unwrap_or_default();
                let behind = tags.iter().rev().position(|known| *known == tag);
                let is_rest = std::mem::take(&mut literal[1]) > 0;
                match behind.filter(|_| !is_rest) {
                    Some(behind) => {
                        script.push_str(&format!("reply {} {}\n", behind + 1, &line[tag.len() + 1..]))
                    }
                    None => script.push_str(&format!("S: {}\n", line.replace("+ ***", "+ "))),
                }
                if let Some(size) = size_at_end(line) {
                    literal[1] = 1;
                    script.push_str(&format!("bytes {size}\n"));
                }
            }
            _ => {}
        }
    }
    in_turn(&script)
}

/// A literal that the server must ask for comes behind its "+".
fn in_turn(script: &str) -> String {
    let mut lines: Vec<&str> = script.lines().collect();
    for at in 1..lines.len() {
        if lines[at].starts_with("S: +") && lines[at - 1].starts_with("L: ") {
            lines.swap(at - 1, at);
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// `{n}` or `{n+}`
fn size_at_end(line: &str) -> Option<usize> {
    let (_, size) = line.strip_suffix('}')?.rsplit_once('{')?;
    size.trim_end_matches('+').parse().ok()
}
