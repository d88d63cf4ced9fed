"""From the index graph to the printed page: the notation tree, and the renderers that write it down."""
