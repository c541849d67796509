"""Glosa: content analysis of multilingual commentary, from captures to a theme report.

Captures in `data/raw` are read into passages (ingest); repeated wordings are linked and set aside
(deduplicate); distinct tips and comments become sentence-sized units, some of which recommend something
(segment); units become vectors (embed) and are coded with the codebook's themes, by people where they have coded, else
by the machine, which learns from them (coding); themes are counted, agreement is measured and shares are corrected
(estimate); units are grouped into topics (topics); charts and a theme report are drawn from the tables, in an edition
for the team and one for everybody (publish). Data flow one way:

    data/raw ─ ingest ─ sources, rejects, passages
                            └ deduplicate ─ duplicates
                                  └ segment ─ units
                                        └ embed ─ vectors
    data/coded ───────────────────────────────┼ coding ─ codings, machine_codings
                                              │   └ estimate ─ themes, theme_estimates, cooccurrence,
                                              │                reliability, validation
                                              └ topics ─ topics, topic_*, layout
                                                    └ publish ─ reports/restricted, reports/public

Imports point down: cli → run → stages → packs → report → store, readers, engines, charts → results, excerpts →
readings → estimates, leaks → editions, quotable, paraphrases, published → roles, recommend, actions, manifest,
privacy → study, schemas, languages → addresses → captures, wording → errors. Importing this package does nothing.
"""

__version__ = "0.1.0"
