//! Compiles the interface: `ui/kiosk.slint` with its fonts and languages into
//! one Rust module that `src/ui` includes.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "ui")]
    compile_interface();
}

#[cfg(feature = "ui")]
fn compile_interface() {
    use slint_build::{CompilerConfiguration, DefaultTranslationContext, EmbedResourcesKind};

    // A new .po file is not noticed through the .slint files that are.
    println!("cargo::rerun-if-changed=ui");
    // The driver finds elements by what the compiler knows of them.
    let findable = cfg!(feature = "headless")
        || std::env::var("PROFILE").is_ok_and(|profile| profile == "debug");
    let configuration = CompilerConfiguration::new()
        .embed_resources(EmbedResourcesKind::EmbedFiles)
        .with_bundled_translations("ui/lang")
        // The same word means the same on every screen.
        .with_default_translation_context(DefaultTranslationContext::None)
        .with_style("fluent".into())
        .with_debug_info(findable);
    if let Err(error) = slint_build::compile_with_config("ui/kiosk.slint", configuration) {
        println!("cargo::error=ui/kiosk.slint: {error}");
        std::process::exit(1);
    }
}
