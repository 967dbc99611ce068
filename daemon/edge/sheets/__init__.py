"""An operator's files: CSV and XLSX, row by row, all of a file or nothing."""
