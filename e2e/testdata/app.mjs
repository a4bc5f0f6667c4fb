// What the apps of the folders beside this file have in common: how they are asked, and how they answer.
import dns from 'node:dns'
import { createServer } from 'node:http'

// RFC 6761, 6.3: names under localhost are this machine, whatever the resolver says.
const lookup = dns.lookup
dns.lookup = (name, options, done) => lookup(name.endsWith('.localhost') ? '127.0.0.1' : name, options, done)

// body is the form that a request brings.
export async function body(r) {
  let text = ''
  for await (const chunk of r) text += chunk
  return Object.fromEntries(new URLSearchParams(text))
}

// listen answers at the port of base with what serve returns: to (an address to go to), html or json, and a status. What serve throws is
// told as refused.
export function listen(base, serve) {
  createServer(async (r, w) => {
    let answer
    try {
      answer = await serve(r)
    } catch (e) {
      answer = { status: 400, json: { refused: e.code ?? e.message ?? String(e) } }
    }
    const headers = answer.to ? { location: answer.to } : { 'content-type': answer.html ? 'text/html; charset=utf-8' : 'application/json' }
    w.writeHead(answer.status ?? (answer.to ? 303 : 200), headers).end(answer.html ?? (answer.json ? JSON.stringify(answer.json) : ''))
  }).listen(Number(new URL(base).port), '127.0.0.1', () => console.log('ready'))
}
