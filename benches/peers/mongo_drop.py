"""Removes a database: mongo_drop.py URL DATABASE."""

import sys

from pymongo import MongoClient

url, database = sys.argv[1:]
MongoClient(url).drop_database(database)
