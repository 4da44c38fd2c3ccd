"""The endpoints as they are usually built: FastAPI, pydantic and the SQLAlchemy ORM, one transaction per request.

It keeps the same contract over the same tables: same checks, same rows, same answers; `bench.check` proves it
before anything is measured. It is tuned as a careful team would: uvloop and httptools, a warm pool, no needless
SELECT where a constraint decides, answers rendered once by pydantic.

What it leaves out, always in its own favour: it takes a key given twice in one JSON object, sets no limit on
how long a concurrent duplicate waits, and does not translate an absent database into 503. Of payments it knows no
`parts`, no previews, no `If-Match` and no collectors, of adjustments no `If-Match`, and a reference that is taken shows
only when all else is right.
"""
