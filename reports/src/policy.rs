//! What a report may do, written into its head: nothing but show itself and run its own script.
//!
//! A content security policy forbids every request, and every script but the one whose hash it
//! names: even if a text from data were ever written unescaped, it could not run.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext};
use sha2::{Digest, Sha256};

use crate::SCRIPT;

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(SCRIPT.as_str()));
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; img-src data:; base-uri 'none'; \
         form-action 'none'"
    )
});

/// Adds the helper `{{policy}}`.
pub(crate) fn register(registry: &mut Handlebars<'_>) {
    let write = |_: &Helper<'_>,
                 _: &Handlebars<'_>,
                 _: &Context,
                 _: &mut RenderContext<'_, '_>,
                 out: &mut dyn Output|
     -> HelperResult { Ok(out.write(&POLICY)?) };
    registry.register_helper("policy", Box::new(write));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_stands_in_reports_as_it_was_hashed() {
        let html = crate::eda::Exploration::default().render().unwrap();
        let (_, script) = html.split_once("<script>").unwrap();
        let (script, _) = script.split_once("</script>").unwrap();
        let hash = STANDARD.encode(Sha256::digest(script));
        assert!(html.contains(&format!("script-src 'sha256-{hash}'")), "a browser would refuse the script");
        assert!(script.len() < 6000, "{} bytes", script.len());
        assert_eq!(html.matches("<script").count(), 1);
    }
}
