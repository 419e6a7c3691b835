"""Cases of kind `column`: what `migrate.yaml` says of columns to seal, found in the tree.

case         one column that is sealed
rotation     every column of one key, when that is rotated
application  what any case about an application's data says alike
subjects     what operations need to know of it
"""
