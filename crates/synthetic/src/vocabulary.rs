//! The words of the shop: departments, groups of products, styles and brands.

/// A group of products that are bought for the same purpose.
pub struct Group {
    /// Department, the general category.
    pub department: &'static str,
    /// The special category.
    pub name: &'static str,
    /// What a product is called.
    pub nouns: &'static [&'static str],
    /// What it is made of or can do.
    pub features: &'static [&'static str],
    /// What it is bought for.
    pub uses: &'static [&'static str],
    /// Middle of the prices, in dollars.
    pub price: f64,
}

/// A manner of product that some users prefer in every department.
pub struct Style {
    /// Words of titles and descriptions.
    pub adjectives: &'static [&'static str],
    /// A sentence of descriptions.
    pub promise: &'static str,
    /// Factor of the price.
    pub price: f64,
}

/// The styles.
pub const STYLES: [Style; 4] = [
    Style {
        adjectives: &["Classic", "Vintage", "Heritage", "Traditional", "Timeless"],
        promise: "A traditional design with a vintage look that never goes out of fashion.",
        price: 1.1,
    },
    Style {
        adjectives: &["Compact", "Portable", "Folding", "Travel", "Lightweight"],
        promise: "Lightweight and portable: it folds away and travels in any bag.",
        price: 0.8,
    },
    Style {
        adjectives: &["Professional", "Pro", "Heavy Duty", "Premium", "Studio"],
        promise: "Built to professional standards for heavy daily work.",
        price: 2.2,
    },
    Style {
        adjectives: &["Eco", "Natural", "Organic", "Recycled", "Bamboo"],
        promise: "Made from natural and recycled materials, kind to the planet.",
        price: 1.0,
    },
];

macro_rules! groups {
    ($($department:literal, $name:literal, $price:literal, [$($noun:literal),*], [$($feature:literal),*], [$($use:literal),*];)*) => {
        /// The groups.
        pub const GROUPS: [Group; 24] = [$(Group {
            department: $department,
            name: $name,
            nouns: &[$($noun),*],
            features: &[$($feature),*],
            uses: &[$($use),*],
            price: $price,
        }),*];
    };
}

groups! {
    "Kitchen & Dining", "Coffee & Tea", 24.0, ["French Press", "Coffee Grinder", "Teapot", "Pour Over Dripper"], ["borosilicate glass", "steel filter", "ceramic burr", "insulated handle"], ["morning coffee", "loose leaf tea", "espresso beans"];
    "Kitchen & Dining", "Knives & Cutlery", 38.0, ["Chef Knife", "Paring Knife", "Knife Block", "Sharpening Stone"], ["carbon steel blade", "full tang", "walnut handle", "honed edge"], ["chopping vegetables", "slicing bread", "filleting fish"];
    "Kitchen & Dining", "Baking", 16.0, ["Loaf Pan", "Rolling Pin", "Cookie Sheet", "Cake Stand"], ["nonstick coating", "even heating", "silicone rim", "rolled edges"], ["sourdough bread", "birthday cakes", "holiday cookies"];
    "Patio & Garden", "Hand Tools", 19.0, ["Pruning Shears", "Garden Trowel", "Weeder", "Hedge Trimmer"], ["hardened steel", "ash handle", "spring action", "rust protection"], ["trimming roses", "planting bulbs", "pulling weeds"];
    "Patio & Garden", "Plants & Seeds", 9.0, ["Herb Seed Kit", "Wildflower Mix", "Tomato Seeds", "Bulb Collection"], ["heirloom variety", "high germination", "peat pots", "growing guide"], ["balcony planters", "raised beds", "kitchen herbs"];
    "Patio & Garden", "Grills & Outdoor Cooking", 74.0, ["Charcoal Grill", "Smoker Box", "Grill Cover", "Pizza Stone"], ["cast iron grate", "lid thermometer", "ash catcher", "enamel finish"], ["weekend barbecue", "smoking ribs", "camp dinners"];
    "Musical Instruments", "Guitar Accessories", 14.0, ["Guitar Strings", "Capo", "Guitar Strap", "Clip Tuner"], ["phosphor bronze", "padded leather", "chromatic display", "quick release"], ["acoustic practice", "open mic nights", "drop tuning"];
    "Musical Instruments", "Recording Equipment", 89.0, ["Condenser Microphone", "Audio Interface", "Pop Filter", "Mic Stand"], ["cardioid pattern", "phantom power", "low noise preamp", "gooseneck arm"], ["home recording", "podcast vocals", "voice overs"];
    "Musical Instruments", "Keyboards & Synths", 149.0, ["MIDI Keyboard", "Sustain Pedal", "Keyboard Stand", "Synthesizer"], ["weighted keys", "velocity pads", "double braced frame", "analog filter"], ["piano lessons", "writing beats", "stage shows"];
    "Camera & Photo", "Lenses & Filters", 120.0, ["Prime Lens", "Polarizing Filter", "Lens Hood", "Macro Adapter"], ["multi coated glass", "f1.8 aperture", "snap on mount", "brass ring"], ["portrait photography", "landscape shots", "close up photos"];
    "Camera & Photo", "Tripods & Supports", 58.0, ["Tripod", "Monopod", "Ball Head", "Phone Mount"], ["carbon fiber legs", "bubble level", "quick release plate", "twist locks"], ["long exposures", "time lapse video", "family photos"];
    "Camera & Photo", "Camera Bags", 45.0, ["Camera Backpack", "Sling Bag", "Lens Pouch", "Hard Case"], ["padded dividers", "rain cover", "tripod loops", "water resistant canvas"], ["hiking with a camera", "city walks", "air travel"];
    "Toys & Games", "Board Games", 29.0, ["Strategy Game", "Card Game", "Puzzle", "Dice Game"], ["linen cards", "wooden pieces", "illustrated rulebook", "thick tiles"], ["family game night", "two player evenings", "rainy afternoons"];
    "Toys & Games", "Building Toys", 34.0, ["Building Block Set", "Marble Run", "Model Train", "Magnetic Tiles"], ["interlocking bricks", "strong magnets", "color manual", "storage box"], ["creative play", "learning engineering", "birthday presents"];
    "Toys & Games", "Arts & Crafts", 17.0, ["Watercolor Set", "Origami Paper", "Bead Kit", "Sketch Book"], ["vivid pigments", "acid free paper", "washable colors", "brush set"], ["school projects", "painting landscapes", "friendship bracelets"];
    "Pet Supplies", "Dog Supplies", 22.0, ["Dog Harness", "Chew Toy", "Dog Bed", "Retractable Leash"], ["reflective stitching", "natural rubber", "orthopedic foam", "tangle free ribbon"], ["long walks", "puppy training", "aggressive chewers"];
    "Pet Supplies", "Cat Supplies", 20.0, ["Cat Tree", "Scratching Post", "Catnip Toy", "Litter Mat"], ["sisal rope", "plush perches", "jingle bell", "honeycomb layer"], ["indoor cats", "saving the sofa", "playful kittens"];
    "Pet Supplies", "Aquariums", 47.0, ["Aquarium Filter", "LED Aquarium Light", "Fish Food", "Gravel Vacuum"], ["quiet pump", "full spectrum light", "activated carbon", "adjustable flow"], ["planted tanks", "tropical fish", "betta bowls"];
    "Office Products", "Pens & Writing", 12.0, ["Fountain Pen", "Gel Pen Set", "Mechanical Pencil", "Notebook"], ["iridium nib", "smooth ink", "knurled grip", "dotted pages"], ["bullet journals", "daily letters", "exam notes"];
    "Office Products", "Desk Organization", 26.0, ["Desk Organizer", "Monitor Stand", "File Cabinet", "Cable Tray"], ["mesh drawers", "anti slip feet", "label holders", "cable clips"], ["tidy home offices", "small desks", "sorting paperwork"];
    "Office Products", "Printers & Ink", 63.0, ["Ink Cartridge", "Label Printer", "Photo Paper", "Laminator"], ["page counter chip", "thermal printing", "glossy finish", "fast warm up"], ["printing photos", "shipping labels", "classroom posters"];
    "Sports & Outdoors", "Camping & Hiking", 68.0, ["Backpacking Tent", "Sleeping Bag", "Camp Stove", "Trekking Poles"], ["ripstop nylon", "down filling", "piezo ignition", "cork grips"], ["weekend camping", "thru hikes", "cold nights"];
    "Sports & Outdoors", "Cycling", 36.0, ["Bike Light", "Saddle Bag", "Floor Pump", "Cycling Gloves"], ["USB charging", "gel padding", "pressure gauge", "waterproof zipper"], ["commuting by bike", "gravel rides", "night rides"];
    "Sports & Outdoors", "Yoga & Fitness", 27.0, ["Yoga Mat", "Resistance Bands", "Kettlebell", "Foam Roller"], ["closed cell foam", "natural latex", "powder coat", "deep texture"], ["morning yoga", "home workouts", "sore muscles"];
}

/// Invented brands: six a department, in the order of the departments; brand `i` leans to style `i % 4`.
pub const BRANDS: [&str; 48] = [
    "Hearth & Oak",
    "Tavolo",
    "Ironleaf",
    "Greenspoon",
    "Copperline",
    "Minuta", //
    "Rootwell",
    "Fernhill",
    "Stonegate",
    "Sprig",
    "Old Orchard",
    "Trellis", //
    "Larksong",
    "Nomadica",
    "Voltaire Audio",
    "Cedar Note",
    "Stagecraft",
    "Tempo", //
    "Lumenary",
    "Pocketlens",
    "Apex Optics",
    "Grainfield",
    "Silverframe",
    "Wayshot", //
    "Gamewright Lane",
    "Tinker & Co",
    "Grandmaster",
    "Little Acorn",
    "Quill & Die",
    "Happy Hippo", //
    "Barkley",
    "Pawport",
    "K9 Works",
    "Whisker Green",
    "Finley",
    "Aquaria", //
    "Inkwell",
    "Paperplane",
    "Bureau Pro",
    "Leaf & Ledger",
    "Scrivener",
    "Tidy", //
    "Northtrail",
    "Featherpack",
    "Summit Forge",
    "Wildroot",
    "Velo Norte",
    "Asana",
];
