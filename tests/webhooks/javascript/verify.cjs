// Reads a list of {secret, headers, body} and prints, for each, whether its webhook is what the secret's owner sent.
const { Webhook } = require("standardwebhooks");

const verdict = ({ secret, headers, body }) => {
  try {
    new Webhook(secret).verify(body, headers);
    return "genuine";
  } catch (error) {
    return error.message;
  }
};

const webhooks = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(webhooks.map(verdict)));
