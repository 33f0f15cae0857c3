//! What can be wrong with a built book: a link or a picture that leads nowhere, a file from the network (the book opens
//! from a disk without one), a directive of mdBook that was not carried out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::Result;

/// Text of the sources that must not reach a reader.
const LEFTOVERS: [&str; 2] = ["{{#", "ANCHOR"];

/// All that is wrong with the pages and style sheets below `site`, a sentence each.
pub(crate) fn problems(site: &Path) -> Result<Vec<String>> {
    let mut files = BTreeSet::new();
    collect(site, &mut files).map_err(|error| format!("{}: {error}", site.display()))?;
    let texts: BTreeMap<PathBuf, String> = files
        .iter()
        .filter(|file| has_extension(file, "html") || has_extension(file, "css"))
        .map(|file| match std::fs::read_to_string(file) {
            Ok(text) => Ok((relative(file, site), text)),
            Err(error) => Err(format!("{}: {error}", file.display())),
        })
        .collect::<Result<_>>()?;
    let files = files.iter().map(|file| relative(file, site)).collect();
    Ok(examine(&files, &texts))
}

/// [`problems`] without the disk: `files` are all files of the site, `texts` its pages and style sheets.
fn examine(files: &BTreeSet<PathBuf>, texts: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let pages = texts.iter().filter(|(file, _)| has_extension(file, "html"));
    let tags: BTreeMap<&Path, Vec<Tag>> =
        pages.clone().map(|(file, text)| (file.as_path(), read_tags(text))).collect();
    let mut problems = Vec::new();
    for (page, text) in pages {
        for leftover in LEFTOVERS.iter().filter(|leftover| text.contains(**leftover)) {
            problems.push(format!("{}: holds the literal `{leftover}`", page.display()));
        }
        for (link, loaded) in tags[page.as_path()].iter().flat_map(Tag::links) {
            problems.extend(complaint(page, link, loaded, files, &tags));
        }
    }
    for (sheet, text) in texts.iter().filter(|(file, _)| has_extension(file, "css")) {
        for link in style_links(text) {
            problems.extend(complaint(sheet, link, true, files, &tags));
        }
    }
    problems
}

/// What is wrong with one link, if anything. A link that is only followed may lead to the network; one that is loaded
/// with the page may not.
fn complaint(
    page: &Path,
    link: &str,
    loaded: bool,
    files: &BTreeSet<PathBuf>,
    tags: &BTreeMap<&Path, Vec<Tag>>,
) -> Option<String> {
    let say = |what: &str| Some(format!("{}: {what}: {link}", page.display()));
    if ["http:", "https:", "//"].iter().any(|start| link.starts_with(start)) {
        return if loaded { say("loaded from the network") } else { None };
    }
    if ["data:", "mailto:", "javascript:"].iter().any(|start| link.starts_with(start)) {
        return None;
    }
    let (address, fragment) = link.split_once('#').unwrap_or((link, ""));
    let address = address.split('?').next().unwrap_or(address);
    let target = if address.is_empty() { page.to_path_buf() } else { resolve(page, address) };
    if !files.contains(&target) {
        return say("leads to no file");
    }
    let known = |tag: &Tag| tag.value("id") == Some(fragment) || tag.value("name") == Some(fragment);
    match tags.get(target.as_path()) {
        Some(tags) if !fragment.is_empty() && !tags.iter().any(known) => {
            say("leads to no such place in the page")
        }
        _ => None,
    }
}

/// The file that `address`, written in `page`, means; both from the top of the site.
fn resolve(page: &Path, address: &str) -> PathBuf {
    let from = page.parent().unwrap_or(Path::new(""));
    let joined =
        if address.ends_with('/') { from.join(address).join("index.html") } else { from.join(address) };
    let mut clean = PathBuf::new();
    for part in joined.components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::Normal(name) => clean.push(name),
            _ => {}
        }
    }
    clean
}

/// An opening tag with its attributes.
#[derive(Debug, PartialEq)]
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl Tag<'_> {
    fn value(&self, attribute: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| *name == attribute).map(|(_, value)| *value)
    }

    /// Each link of the tag, and whether it is loaded with the page.
    fn links(&self) -> impl Iterator<Item = (&str, bool)> {
        let loaded = self.value("src").map(|link| (link, true));
        let href = self.value("href").map(|link| (link, self.name == "link"));
        loaded.into_iter().chain(href)
    }
}

/// The opening tags of a page, without what stands in comments, scripts and style elements.
fn read_tags(page: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = after(comment, "-->");
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let (tag, behind) = read_tag(rest);
            rest = match tag.name {
                "script" => after(behind, "</script>"),
                "style" => after(behind, "</style>"),
                _ => behind,
            };
            tags.push(tag);
        }
    }
    tags
}

/// Reads `name a="1" b>`, and returns what follows it.
fn read_tag(text: &str) -> (Tag<'_>, &str) {
    let (name, mut rest) = split_where(text, |c| c.is_whitespace() || c == '>' || c == '/');
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            break;
        }
        if let Some(behind) = rest.strip_prefix('>') {
            rest = behind;
            break;
        }
        let (attribute, behind) = split_where(rest, |c| c.is_whitespace() || c == '=' || c == '>');
        let (value, behind) = match behind.strip_prefix('=') {
            None => ("", behind),
            Some(value) => match value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                Some(quote) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                None => split_where(value, |c| c.is_whitespace() || c == '>'),
            },
        };
        attributes.push((attribute, value));
        rest = behind;
    }
    (Tag { name, attributes }, rest)
}

fn split_where(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).map_or("", |(_, behind)| behind)
}

/// What a style sheet loads: its `url(...)`.
fn style_links(sheet: &str) -> Vec<&str> {
    sheet
        .split("url(")
        .skip(1)
        .filter_map(|text| text.split_once(')'))
        .map(|(link, _)| link.trim().trim_matches(['"', '\'']))
        .collect()
}

fn collect(directory: &Path, files: &mut BTreeSet<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.insert(path);
        }
    }
    Ok(())
}

fn relative(file: &Path, site: &Path) -> PathBuf {
    file.strip_prefix(site).unwrap_or(file).to_path_buf()
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The problems of a site of one page, one style sheet and one empty page in a directory.
    fn of(page: &str, sheet: &str) -> Vec<String> {
        let texts = [
            ("index.html", page),
            ("css/a.css", sheet),
            ("part/two.html", r##"<h1 id="top"><a href="../index.html">"##),
        ]
        .map(|(file, text)| (PathBuf::from(file), text.to_owned()));
        let mut files: BTreeSet<PathBuf> = texts.iter().map(|(file, _)| file.clone()).collect();
        files.insert("css/fonts/x.woff2".into());
        examine(&files, &BTreeMap::from(texts))
    }

    #[test]
    fn a_sound_page_has_no_problem() {
        let page = r##"<html><!-- <img src="gone.png"> --><link rel="stylesheet" href='css/a.css?v=1'>
            <script>let s = '<img src="gone.png">';</script><a id=here href="part/two.html#top">two</a>
            <a href="https://example.org">out</a><a href="#here">up</a> 1 < 2 <br/><input disabled>"##;
        assert_eq!(of(page, "@font-face{src:url(fonts/x.woff2) format('woff2')}"), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_problem_is_found() {
        for (page, sheet, complaint) in [
            (r#"<a href="gone.html">"#, "", "index.html: leads to no file: gone.html"),
            (
                r##"<a href="part/two.html#end">"##,
                "",
                "leads to no such place in the page: part/two.html#end",
            ),
            (r##"<p id="x"><a href="#y">"##, "", "leads to no such place in the page: #y"),
            (r#"<img alt="a > b" src="gone.png">"#, "", "leads to no file: gone.png"),
            (r#"<script src="https://example.org/a.js"></script>"#, "", "loaded from the network"),
            (r#"<link href="//example.org/a.css" rel="stylesheet">"#, "", "loaded from the network"),
            ("<pre>{{#include gone.rs}}</pre>", "", "holds the literal `{{#`"),
            ("<pre>// ANCHOR: x</pre>", "", "holds the literal `ANCHOR`"),
            ("", "a{src:url(\"fonts/y.woff\")}", "css/a.css: leads to no file: fonts/y.woff"),
            ("", "@import url(https://example.org/a.css)", "css/a.css: loaded from the network"),
        ] {
            let problems = of(page, sheet);
            assert!(problems.len() == 1 && problems[0].contains(complaint), "{page}{sheet}: {problems:?}");
        }
    }
}
