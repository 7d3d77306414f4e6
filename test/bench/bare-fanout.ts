/**
 * The least that a runtime needs to send the same bytes to everyone: run by Bun or by Node, as a process of its
 * own. Whatever is POSTed goes to every socket; whatever is read is `ok`. Prints its port.
 */
import { createServer } from 'node:http';
import process from 'node:process';
import { WebSocketServer } from 'ws';

const hello = '{"type":"snapshot","generation":"bare","revision":0}';

if (process.versions.bun) {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request, server) {
      if (request.method === 'POST') {
        server.publish('all', await request.text());
        return new Response();
      }
      return server.upgrade(request) ? undefined : new Response('ok');
    },
    websocket: {
      perMessageDeflate: false,
      open(socket) {
        socket.send(hello);
        socket.subscribe('all');
      },
      message() {},
    },
  });
  console.log(server.port);
} else {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const server = createServer((request, response) => {
    if (request.method !== 'POST') return void response.end('ok');
    let body = '';
    request.setEncoding('utf8');
    request.on('data', text => {
      body += text;
    });
    request.on('end', () => {
      for (const socket of sockets.clients) socket.send(body);
      response.end();
    });
  });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, client => client.send(hello));
  });
  server.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port));
}
