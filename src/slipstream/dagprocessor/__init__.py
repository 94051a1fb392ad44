"""The DAG processor: finds DAG files, parses each in a process of its own, fills the store."""
