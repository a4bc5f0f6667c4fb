// Package proxyproto reads what a proxy on the transport layer says about the connection it passes on: the PROXY protocol of HAProxy,
// versions 1 and 2. The header is the first thing on a connection, and demanded: whoever puts a Listener in front of a server has
// decided who may reach it, because the protocol itself proves nothing. Only the address of the client is taken from it; what
// version 2 adds (TLVs, the client's certificate among them) is passed over and never believed.
package proxyproto
