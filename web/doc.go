// Package web is the kit that everything a browser sees is built with: router, limits, headers, cookies,
// CSRF tokens, templates, the error page and the page that posts a message to a partner. Before every handler stand the
// tolls (toll.go), which bound what a peer may ask for, and the gate (gate.go), which bounds what is done at one time; the Class
// of a route says how it is treated there.
// echo lives only here. Front ends hand over Routes; their handlers are plain net/http.
//
// Routes of the kit itself:
//
//	GET /static/{file}   embedded assets, content-hashed names, immutable
package web
