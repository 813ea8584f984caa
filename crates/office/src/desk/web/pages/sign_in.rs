//! Name and password.

use maud::{Markup, html};

use crate::desk::web::words::Words;

/// `token` ties the form to the browser; `trouble`: why the last try failed.
pub fn page(words: &Words, token: &str, trouble: Option<&str>) -> Markup {
    html! {
        section.sign-in {
            h1 { (words.sign_in_title) }
            @if let Some(trouble) = trouble {
                p.notice.error role="alert" { (trouble) }
            }
            form.card method="post" action="/sign-in" {
                input type="hidden" name="csrf" value=(token);
                label for="name" { (words.user_name) }
                input #name name="name" autocomplete="username" autocapitalize="none"
                    spellcheck="false" maxlength="64" required autofocus;
                label for="password" { (words.password) }
                input #password name="password" type="password" autocomplete="current-password"
                    maxlength="256" required;
                button { (words.sign_in) }
            }
        }
    }
}
