//! `dag`, `stages` and `schema`: what there is, without running anything.

use std::fmt::Write as _;

use pipeline::{Arity, Port};

use crate::{
    Error,
    arguments::{DagArguments, StagesArguments},
    exit::Exit,
    output::{Align, table},
    plan::{compile, describe, mermaid, pipeline_schema, text},
    registry::{Registered, Registry},
    write_output,
};

/// Runs `orchestrator dag`.
pub fn dag(arguments: &DagArguments, registry: &Registry) -> Result<Exit, Error> {
    let (file, _) = arguments.pipeline.split()?;
    let plan = compile(&file, &arguments.pipeline.settings, registry)?;
    write_output(&if arguments.mermaid { mermaid(&plan) } else { text(&plan) });
    Ok(Exit::Done)
}

/// Runs `orchestrator schema`.
pub fn schema(registry: &Registry) -> Exit {
    let mut schema = pipeline_schema(registry);
    schema.sort_all_objects();
    write_output(&format!("{schema:#}\n"));
    Exit::Done
}

/// Runs `orchestrator stages`.
pub fn stages(arguments: &StagesArguments, registry: &Registry) -> Result<Exit, Error> {
    if arguments.names.is_empty() {
        let rows: Vec<Vec<String>> =
            registry.iter().map(|one| vec![one.entry.name.to_owned(), one.entry.summary.to_owned()]).collect();
        write_output(&table(&[("stage", Align::Left), ("what it does", Align::Left)], &rows));
        return Ok(Exit::Done);
    }
    for name in &arguments.names {
        let found = registry.find(name).ok_or_else(|| {
            let (hint, known) = registry.hints(name);
            Error::Arguments(format!("there is no stage `{name}`{hint}\nstages: {known}"))
        })?;
        write_output(&details(found));
    }
    Ok(Exit::Done)
}

fn details(registered: &Registered) -> String {
    let entry = &registered.entry;
    let mut text = format!("{}: {}\n\n", entry.name, entry.summary);
    let _ = writeln!(text, "reads   {}", ports(entry.inputs));
    let _ = writeln!(text, "writes  {}\n", ports(entry.outputs));
    let rows = describe(entry).into_iter().map(|info| {
        let default = info.default.map_or_else(|| "required".to_owned(), |value| value.to_string());
        vec![info.name, info.wanted, default, info.description]
    });
    let columns = ["parameter", "takes", "default", "what it means"].map(|head| (head, Align::Left));
    text.push_str(&table(&columns, &rows.collect::<Vec<_>>()));
    text.push('\n');
    text
}

fn ports(ports: &[Port]) -> String {
    let one = |port: &Port| {
        let arity = match port.arity {
            Arity::One => "",
            Arity::Optional | Arity::IfThere => ", optional",
            Arity::Many => ", one or more",
        };
        format!("{} ({}{arity})", port.name, port.kind.name())
    };
    if ports.is_empty() { "nothing".to_owned() } else { ports.iter().map(one).collect::<Vec<_>>().join(", ") }
}
