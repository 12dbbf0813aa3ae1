"""The graph encoding: layers are vertices, edges carry what they put out."""
