"""What replies look like: a type for each schema of the OpenAPI document, by Airflow's name.

Only documentation: endpoints build their replies themselves (``present``), and tests hold them
against these. So nothing that serves requests imports this package, which costs its time and memory
only where the document is made (``openapi``). A class here is a schema as soon as an endpoint's
``replies`` names it.
"""
