-- What became of a row is written beside it, on the page that it is on, and no index is told.

alter table import_rows set (fillfactor = 45);
