// OpenPGP.js for the matrix: a job a line, words between tabs; the answer is `ok`, or `failed` and why.
"use strict";

const { readFile, writeFile } = require("node:fs/promises");
const { createInterface } = require("node:readline");
const openpgp = require("openpgp");

const VERSION_6 = { type: "curve25519", config: { v6Keys: true, aeadProtect: true } };
const KINDS = {
    rsa2048: { type: "rsa", rsaBits: 2048 },
    curve: { type: "ecc", curve: "curve25519Legacy" },
    nist256: { type: "ecc", curve: "nistP256" },
    v6: VERSION_6,
    "v6-gcm": VERSION_6,
    "v6-eax": VERSION_6,
};

// Its keys say that their owner reads OCB, GCM and EAX, and whoever writes to them takes what he likes best. Keys of one alone
// have each of the three written and read.
let onlyAead;
const { sign } = openpgp.SignaturePacket.prototype;
openpgp.SignaturePacket.prototype.sign = function (...words) {
    if (onlyAead && this.preferredCipherSuites) {
        this.preferredCipherSuites = [[openpgp.enums.symmetric.aes256, openpgp.enums.aead[onlyAead]]];
    }
    return sign.apply(this, words);
};

const text = (name) => readFile(name, "utf8");
const keyOf = async (name) => openpgp.readPrivateKey({ armoredKey: await text(name) });
const certificateOf = async (name) => openpgp.readKey({ armoredKey: await text(name) });
const contentOf = async (name) => openpgp.createMessage({ binary: await readFile(name) });

/** What binary OpenPGP or its armor holds. */
async function taken(name, ofBinary, ofArmor) {
    const bytes = await readFile(name);
    return bytes[0] === 0x2d ? ofArmor(bytes.toString("latin1")) : ofBinary(bytes);
}

/** One signature at least, and each of them good. */
async function judged(signatures) {
    if (signatures.length === 0) throw new Error("no signature");
    await Promise.all(signatures.map((one) => one.verified));
}

const JOBS = {
    async version(out) {
        await writeFile(out, openpgp.config.versionString.split(" ").at(-1));
    },

    async key(kind, id, out) {
        const userIDs = [{ name: id, email: `${id}@example.com` }];
        onlyAead = kind.split("-")[1];
        const made = await openpgp.generateKey({ userIDs, format: "armored", ...KINDS[kind] });
        onlyAead = undefined;
        await writeFile(out, made.privateKey);
    },

    async sign(key, content, out) {
        const [message, signingKeys] = [await contentOf(content), await keyOf(key)];
        await writeFile(out, await openpgp.sign({ message, signingKeys, detached: true, format: "binary" }));
    },

    async verify(certificate, signature, content) {
        const [message, verificationKeys] = [await contentOf(content), await certificateOf(certificate)];
        const ofBinary = (binarySignature) => openpgp.readSignature({ binarySignature });
        const ofArmor = (armoredSignature) => openpgp.readSignature({ armoredSignature });
        const made = await taken(signature, ofBinary, ofArmor);
        const { signatures } = await openpgp.verify({ message, signature: made, verificationKeys, format: "binary" });
        await judged(signatures);
    },

    /** Signed by the key, encrypted for all; by this AEAD where all of them say that they read it. */
    async seal(aead, key, content, out, ...certificates) {
        const [message, signingKeys] = [await contentOf(content), await keyOf(key)];
        const encryptionKeys = await Promise.all(certificates.map(certificateOf));
        const config = { preferredAEADAlgorithm: openpgp.enums.aead[aead] };
        await writeFile(out, await openpgp.encrypt({ message, signingKeys, encryptionKeys, format: "binary", config }));
    },

    async open(key, certificate, sealed, out) {
        const [decryptionKeys, verificationKeys] = [await keyOf(key), await certificateOf(certificate)];
        const ofBinary = (binaryMessage) => openpgp.readMessage({ binaryMessage });
        const message = await taken(sealed, ofBinary, (armoredMessage) => openpgp.readMessage({ armoredMessage }));
        const asked = { message, decryptionKeys, verificationKeys, expectSigned: true, format: "binary" };
        const { data, signatures } = await openpgp.decrypt(asked);
        await judged(signatures);
        await writeFile(out, data);
    },
};

(async () => {
    for await (const line of createInterface({ input: process.stdin })) {
        const [job, ...words] = line.split("\t");
        try {
            await JOBS[job](...words);
            console.log("ok");
        } catch (broken) {
            console.log(`failed\t${broken.name} ${broken.message}`.replaceAll("\n", " "));
        }
    }
})();
