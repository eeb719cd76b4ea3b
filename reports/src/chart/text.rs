//! How wide texts are, without a font at hand.
//!
//! Estimated for tick labels by the widths of `DejaVu Sans`, the widest of the usual sans-serif fonts:
//! what fits by this estimate fits on every system.

/// Size of tick labels.
const SIZE: f64 = 12.0;

/// About how wide a tick label is.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().map(character_width).sum::<f64>() * SIZE
}

fn character_width(character: char) -> f64 {
    match character {
        'i' | 'l' | 'j' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' | 'I' => 0.32,
        'f' | 't' | 'r' | '(' | ')' | '-' | '/' | '[' | ']' | '!' | 's' => 0.44,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' | '—' => 0.98,
        '0'..='9' | 'a'..='z' => 0.63,
        'A'..='Z' | '<' | '>' | '=' | '+' | '−' => 0.76,
        '\u{1100}'.. => 1.05,
        _ => 0.68,
    }
}

/// The text, shortened to about `width` with an ellipsis.
pub(super) fn shortened(text: &str, width: f64) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let mut room = width / SIZE - character_width('…');
    let fits = |character: &char| {
        room -= character_width(*character);
        room >= 0.0
    };
    let start: String = text.chars().take_while(fits).collect();
    if start.trim_end().is_empty() {
        text.chars().take(1).chain(['…']).collect()
    } else {
        format!("{}…", start.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shortened_fits() {
        assert_eq!(shortened("short", 100.0), "short");
        let long = "Musical Instruments & Accessories";
        for width in [40.0, 80.0, 150.0] {
            let short = shortened(long, width);
            assert!(short.ends_with('…') && text_width(&short) <= width, "{short}");
        }
        assert_eq!(shortened("wide", 1.0), "w…");
    }
}
