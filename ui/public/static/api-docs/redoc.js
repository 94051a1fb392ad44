const place = document.getElementById("page");
window.Redoc.init(place.dataset.document, { hideLoading: true }, place);
