const place = document.getElementById("page");
window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  validatorUrl: null, // else a badge asks a server on the internet about the document
});
