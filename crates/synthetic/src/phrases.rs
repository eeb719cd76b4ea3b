//! Sentences of reviews and headlines. `{n}` is the noun, `{f}` a feature, `{u}` a use, `{b}` the brand.

/// Sentences of one mood.
pub struct Mood {
    /// Headlines.
    pub headlines: &'static [&'static str],
    /// First sentences.
    pub openings: &'static [&'static str],
    /// Further sentences.
    pub details: &'static [&'static str],
    /// Last sentences.
    pub closings: &'static [&'static str],
}

/// The mood of a rating of 1 to 5.
pub fn mood(rating: u8) -> &'static Mood {
    match rating {
        5 => &DELIGHTED,
        4 => &PLEASED,
        3 => &MIXED,
        2 => &DISAPPOINTED,
        _ => &ANGRY,
    }
}

/// Sentences that fit any rating.
pub const NEUTRAL: &[&str] = &[
    "I bought it for {u}.",
    "It replaced an older {n} that I had for years.",
    "The {f} is just as described.",
    "I compared it with two others before I ordered.",
    "My sister has the same {n} from {b}.",
    "It came in a plain box with a short manual.",
    "We have used it about twice a week since it arrived.",
    "I needed something for {u} & this was the right size.",
    "Shipping took about a week.",
    "I am 5'8\" and had no trouble with it.",
];

const DELIGHTED: Mood = Mood {
    headlines: &[
        "Five Stars",
        "Love this {n}!",
        "Perfect for {u}",
        "Excellent",
        "Best {n} I have owned",
        "Great quality from {b}",
        "Exactly what I needed",
        "Worth every penny",
    ],
    openings: &[
        "I absolutely love this {n}.",
        "This is the best {n} I have ever owned.",
        "Excellent quality, and it arrived early.",
        "Perfect for {u}!",
        "What a wonderful {n}.",
        "{b} never lets me down.",
    ],
    details: &[
        "The {f} is fantastic.",
        "It makes {u} a pleasure.",
        "You can feel the quality of the {f} at once.",
        "It still looks like new after months of {u}.",
        "Everyone asks me where I got this {n}.",
        "Setup was easy and took five minutes.",
        "The {f} works beautifully.",
    ],
    closings: &[
        "Highly recommended.",
        "I will buy from {b} again.",
        "Could not be happier.",
        "Worth every penny!",
        "I already ordered a second one as a gift.",
    ],
};

const PLEASED: Mood = Mood {
    headlines: &[
        "Four Stars",
        "Good {n}",
        "Very good, not perfect",
        "Solid {n} for the price",
        "Works well for {u}",
        "Nice",
    ],
    openings: &[
        "Good {n} for the price.",
        "I am happy with this {n}.",
        "Works well for {u}.",
        "A solid {n} from {b}.",
        "Nice quality overall.",
    ],
    details: &[
        "The {f} is good, though it could be a bit larger.",
        "It does what it should for {u}.",
        "I only wish the instructions were clearer.",
        "The {f} feels sturdy.",
        "One star off because the color is a little different from the picture.",
    ],
    closings: &["Would recommend.", "Good value.", "I am glad that I bought it.", "Happy with it so far."],
};

const MIXED: Mood = Mood {
    headlines: &["Three Stars", "It's okay", "Average {n}", "Decent but not great", "Not sure about the {f}"],
    openings: &[
        "It's okay.",
        "An average {n}, nothing special.",
        "I have mixed feelings about this {n}.",
        "Decent for the price, I guess.",
    ],
    details: &[
        "The {f} is weaker than I expected.",
        "It works for {u}, but only just.",
        "Half of the time it is fine.",
        "It is smaller than it looks in the picture.",
        "The {f} could be better.",
    ],
    closings: &["Not bad, not great.", "I might try another brand next time.", "You get what you pay for."],
};

const DISAPPOINTED: Mood = Mood {
    headlines: &["Two Stars", "Disappointed", "Not as described", "Expected more from {b}", "Poor {f}"],
    openings: &[
        "I expected more from {b}.",
        "Disappointing {n}.",
        "Not what the description promises.",
        "I wanted to like this {n}.",
    ],
    details: &[
        "The {f} came loose after two weeks.",
        "It is hardly usable for {u}.",
        "The finish is scratched and it feels cheap.",
        "It smells of plastic.",
        "The {f} does not fit properly.",
    ],
    closings: &["I would not buy it again.", "Look elsewhere.", "Too expensive for what it is."],
};

const ANGRY: Mood = Mood {
    headlines: &[
        "One Star",
        "Broke after one week",
        "Waste of money",
        "Do not buy this {n}",
        "Terrible {f}",
        "Returned it",
    ],
    openings: &[
        "Terrible {n}, it broke on the first day.",
        "Do not buy this.",
        "A complete waste of money.",
        "Arrived damaged and unusable.",
    ],
    details: &[
        "The {f} snapped in half.",
        "It is useless for {u}.",
        "Customer service of {b} never answered.",
        "The {f} was missing from the box.",
        "The worst {n} that I have ever had.",
    ],
    closings: &["I want my money back.", "Returned it at once.", "Avoid!", "Zero stars if I could."],
};
