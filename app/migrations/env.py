"""Run by alembic inside app.migrate, on the connection that already holds the lock."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
