"""From the lines of the results to what people read: a signed PDF pack, tables, a summary on the screen."""
