"""The theme report: results and charts in, one self-contained HTML page out. No number is computed here."""
