// A minimal webhook receiver: Fastify and better-sqlite3, one commit for all requests of a turn of the event loop. It checks no
// signature, encrypts nothing and knows nothing again.
import Database from 'better-sqlite3';
import Fastify from 'fastify';

const [port, file] = process.argv.slice(2);
const db = new Database(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec('CREATE TABLE hooks (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL)');
const insert = db.prepare('INSERT INTO hooks (at, body) VALUES (?, ?)');
const insertAll = db.transaction((turn) => {
  for (const { body } of turn) insert.run(Date.now(), body);
});

let turn = [];
const commit = () => {
  const now = turn;
  turn = [];
  try {
    insertAll(now);
    for (const { done } of now) done();
  } catch (error) {
    for (const { fail } of now) fail(error);
  }
};

const server = Fastify({ bodyLimit: 10 * 1024 * 1024 });
server.removeAllContentTypeParsers();
server.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => done(null, body));
server.post('/hooks/:site', async (request, reply) => {
  JSON.parse(request.body);
  await new Promise((done, fail) => {
    if (turn.push({ body: request.body, done, fail }) === 1) setImmediate(commit);
  });
  return reply.code(202).send();
});
await server.listen({ port: Number(port), host: '127.0.0.1' });
