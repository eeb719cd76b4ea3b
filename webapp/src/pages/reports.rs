//! `/reports`: how good the models are, and the reports that came with the live version.

use std::sync::Arc;

use rocket::http::Header;
use rocket::response::content::RawHtml;
use rocket::{Responder, State, get};
use serde::Serialize;

use crate::failure::Failure;
use crate::html::{Page, report_href};
use crate::input;
use crate::site::Site;
use crate::views::{QualityTable, count};
use crate::visitor::Visitor;

/// A report is one self-contained file with its own style and drawings, and nothing that runs.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; \
                             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

#[derive(Serialize)]
struct Reports {
    quality: Option<QualityTable>,
    files: Vec<Report>,
    pipeline: String,
    model: String,
    algorithm: String,
    version: String,
}

#[derive(Serialize)]
struct Report {
    title: String,
    href: String,
    name: String,
    size: String,
}

#[get("/reports")]
pub(super) async fn reports(site: &State<Arc<Site>>, visitor: Visitor) -> Result<Page, Failure> {
    let live = site.live().await?;
    let version = &live.version;
    let reports = site.store.reports(&version.version).await?.into_iter().map(|report| Report {
        href: report_href(&report.name),
        title: report.title,
        name: report.name,
        size: format!("{} kB", count(report.size_bytes.div_ceil(1000))),
    });
    let content = Reports {
        quality: QualityTable::of(version),
        files: reports.collect(),
        pipeline: version.pipeline.clone(),
        model: version.model.clone(),
        algorithm: version.algorithm.clone(),
        version: version.version.clone(),
    };
    Ok(Page::new("reports", "Reports and quality", &visitor, &content))
}

#[derive(Responder)]
pub(super) struct ReportFile {
    html: RawHtml<String>,
    policy: Header<'static>,
}

#[get("/reports/<name>")]
pub(super) async fn report(site: &State<Arc<Site>>, name: &str) -> Result<ReportFile, Failure> {
    let live = site.live().await?;
    let name = input::key("name", name)?;
    match site.store.report(&live.version.version, name).await? {
        Some(html) => {
            Ok(ReportFile { html: RawHtml(html), policy: Header::new("Content-Security-Policy", REPORT_POLICY) })
        }
        None => Err(Failure::not_found(format!("The live model has no report `{name}`."))),
    }
}
