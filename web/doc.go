// Package web is the kit that everything a browser sees is built with: router, limits, headers, cookies,
// CSRF tokens, templates, the error page and the page that posts a message to a partner.
// echo lives only here. Front ends hand over Routes; their handlers are plain net/http.
//
// Routes of the kit itself:
//
//	GET /static/{file}   embedded assets, content-hashed names, immutable
package web
