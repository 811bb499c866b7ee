-- Fields that were made through the interface; `kind` is `line` or `text`, and a field is seen once it is on the screen.
CREATE TABLE made_field (
    number    INTEGER PRIMARY KEY,
    name      TEXT NOT NULL,
    kind      TEXT NOT NULL,
    on_screen INTEGER NOT NULL DEFAULT 0
);
