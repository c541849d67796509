"""What people code: samples are drawn, blind sheets go out, filled sheets come back, and stages read them.

    data/processed ─ sampling (a probability sample) or proposals (informative units)
                        └ drawing, sheets, workbooks ─ data/coded/samples/<round>.csv, data/coded/sheets/<round>-<coder>
                              └ a person fills one in ─ imports, filled ─ data/coded/<round>-<coder>.csv
                                    └ records ─ one frame of codings, for the coding stage

A round is one sample with one sheet (CSV and XLSX) for each of its coders. Under these modules lie `rounds` (names and
places), `tables` (a filled file to rows), `headings` (which column is which), `words` (what a mark means), `matching`
(which unit a row is about) and `problems` (what is wrong, row by row). `ui` is a page to fill in a sheet; under it lie
`desk` (takes changes), `journal` (keeps them, and the lock) and `opened` (the sheet in its file).
"""
