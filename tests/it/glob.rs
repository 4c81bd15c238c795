//! What a glob of a policy or a contract matches.

use castellan::domain::change::glob::PathGlobs;

#[test]
fn brackets_in_a_glob_are_a_class_and_stand_for_themselves() {
    let globs = |pattern: &str| PathGlobs::new(&[pattern]).unwrap();
    let page = globs("app/[id]/page.tsx");
    assert!(page.matches("app/[id]/page.tsx") && page.matches("app/i/page.tsx"));
    assert!(!page.matches("app/x/page.tsx") && !page.matches("app/id/page.tsx"));
    let all = globs("app/[[...slug]]/**");
    assert!(all.matches("app/[[...slug]]/page.tsx") && !all.matches("app/x/page.tsx"));
    assert!(globs("app/[id]").matches("app/[id]/deep/page.tsx"));
    assert!(globs("*.[ch]").matches("a.c") && !globs("*.[ch]").matches("a.x"));
}
