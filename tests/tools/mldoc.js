// The syntax trees that Logseq's parser makes of pages: `node mldoc.js Markdown|Org`, the texts as a JSON list on
// standard input, the trees as one on standard output. The options are those that Logseq gives it.
// Without texts it only tells whether the parser is there.
'use strict'
const { Mldoc } = require('mldoc')

const options = JSON.stringify({
  format: process.argv[2],
  toc: false,
  heading_number: false,
  heading_to_list: false,
  keep_line_break: true,
  parse_outline_only: false
})
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'))
process.stdout.write(`[${texts.map(text => Mldoc.parseJson(text, options)).join(',')}]`)
