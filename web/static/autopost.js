// Sends the form that the page is there for; without script its button does.
document.querySelector("form[data-autopost]").submit();
